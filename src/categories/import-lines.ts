/** The line formats. Each reader says what one line says, in the words of our own lists (`host-entry.ts`). */

import type { LineSink } from './import-sink.ts';

/** A name a line; `.example.com` and `*.example.com` are written too. `#`, `;` and `!` at the start are comments. */
export function plainLine(text: string, line: number, sink: LineSink): void {
  if (/^[#;]/.test(text) || /^!\s/.test(text)) return;
  const name = bare(text);
  sink.entry(line, { entry: name.startsWith('.') ? name.slice(1) : withoutDot(name), label: null });
}

/** UT1 `urls`: only what names a whole host can be said of a host. */
export function urlLine(text: string, line: number, sink: LineSink): void {
  if (text.startsWith('#')) return;
  const [host = '', path = ''] = bare(text)
    .replace(/^[a-z]+:\/\//i, '')
    .split(/\/(.*)/s);
  if (path !== '') sink.skip(line, 'names a path, not a host');
  else sink.entry(line, { entry: withoutDot(host), label: null });
}

const LOCAL = new Set(
  'localhost localhost.localdomain local broadcasthost ip6-localhost ip6-loopback ip6-localnet ip6-mcastprefix ip6-allnodes ip6-allrouters ip6-allhosts 0.0.0.0'.split(
    ' ',
  ),
);

/** `address name…`: a hosts file names each host alone, so its entries are exact unless `subdomains` is asked for. */
export function hostsLine(text: string, line: number, sink: LineSink, subdomains: boolean): void {
  const [address = '', ...names] = bare(text).split(/\s+/);
  if (address === '') return;
  if (!/^(?:[0-9.]+|(?=.*:)[0-9a-f:.]+(?:%\w+)?)$/i.test(address)) {
    sink.skip(line, 'not a line of a hosts file');
    return;
  }
  if (names.length === 0) {
    sink.skip(line, 'not a line of a hosts file');
    return;
  }
  for (const name of names) {
    if (LOCAL.has(name.toLowerCase())) continue;
    sink.entry(line, { entry: `${subdomains ? '' : '='}${withoutDot(name)}`, label: null });
  }
}

/** Modifiers that leave a rule meaning the whole domain. */
const NEUTRAL =
  /^(important|all|document|doc|popup|third-party|3p|subdocument|script|image|xmlhttprequest|websocket|ping|stylesheet|font|media|object|other|network)$/;
const PATTERN = /^(@@)?(\|\|?)([^|^/$*:]+|\*\.[^|^/$*:]+)\^?\|?(?:\$(.+))?$/;

/** AdGuard, EasyList: `||domain^` and its exceptions. Rules about paths, elements or some sites only are not carried. */
export function adblockLine(text: string, line: number, sink: LineSink): void {
  if (/^(!|\[)/.test(text) || (text.startsWith('#') && !/^##|^#[@?$%]/.test(text))) return;
  if (/##|#@#|#\?#|#\$#|#%#|\$\$/.test(text)) {
    sink.skip(line, 'hides elements of pages');
    return;
  }
  if (/^\/.*\/(\$.*)?$/s.test(text)) {
    sink.skip(line, 'a regular expression');
    return;
  }
  if (/^[0-9.:]+\s+\S/.test(text)) {
    hostsLine(text, line, sink, false);
    return;
  }
  const rule = PATTERN.exec(text);
  if (!rule) {
    nakedLine(text, line, sink);
    return;
  }
  const [, except, anchor, host = '', modifiers] = rule;
  if (modifiers !== undefined && !modifiers.split(',').every((m) => NEUTRAL.test(m))) {
    sink.skip(line, 'holds under conditions only');
    return;
  }
  const reach = anchor === '|' && !host.startsWith('*.') ? '=' : '';
  sink.entry(line, { entry: `${except ? '!' : ''}${reach}${withoutDot(host)}`, label: null });
}

/** A name alone: AdGuard means that host and no other. */
function nakedLine(text: string, line: number, sink: LineSink): void {
  if (/^[a-z0-9_-]+(\.[a-z0-9_-]+)+\.?$/i.test(text)) sink.entry(line, { entry: `=${withoutDot(text)}`, label: null });
  else sink.skip(line, 'about paths, or parts of names');
}

/** A response policy zone (BIND, draft-vixie-dnsop-dns-rpz): QNAME triggers whose action keeps the answer away. */
export function rpzLines(lines: Iterable<readonly [number, string]>, sink: LineSink): void {
  let origin = '';
  let inRecord = 0;
  for (const [line, raw] of lines) {
    const text = raw.replace(/;.*$/, '').trim();
    if (text === '') continue;
    // A SOA in parentheses spans lines and says nothing of hosts.
    const depth = inRecord + count(text, '(') - count(text, ')');
    const inside = inRecord > 0;
    inRecord = Math.max(0, depth);
    if (inside) continue;
    const directive = /^\$ORIGIN\s+(\S+)/i.exec(text);
    if (directive?.[1]) origin = withoutDot(directive[1]).toLowerCase();
    if (text.startsWith('$')) continue;
    origin = rpzRecord(text, line, { origin, sink });
  }
}

function rpzRecord(text: string, line: number, { origin, sink }: { origin: string; sink: LineSink }): string {
  const match = /^(\S+)\s+(?:[0-9]+[smhdw]?\s+)?(?:IN\s+)?(?:[0-9]+[smhdw]?\s+)?([A-Z]+)\s+(.*)$/i.exec(text);
  if (!match) {
    sink.skip(line, 'not a record');
    return origin;
  }
  const [, owner = '', kind = '', data = ''] = match;
  const type = kind.toUpperCase();
  if (type === 'SOA') return owner.endsWith('.') && owner !== '@' ? withoutDot(owner).toLowerCase() : origin;
  if (type === 'NS' || owner === '@') return origin;
  const name = ownerName(owner, origin);
  if (/(^|\.)rpz-(ip|client-ip|nsdname|nsip)$/.test(name)) sink.skip(line, 'a trigger other than the name asked for');
  else if (!/^(CNAME|A|AAAA)$/.test(type)) sink.skip(line, 'answers with data of its own');
  else {
    const passes = type === 'CNAME' && /^rpz-(passthru|tcp-only)\.?$/i.test(data);
    sink.entry(line, { entry: `${passes ? '!' : ''}${name.startsWith('*.') ? '' : '='}${name}`, label: null });
  }
  return origin;
}

function ownerName(owner: string, origin: string): string {
  const name = withoutDot(owner.toLowerCase());
  return origin !== '' && name.endsWith(`.${origin}`) ? name.slice(0, -origin.length - 1) : name;
}

/** v2fly domain lists: `domain:` (the default) and `full:`; `@attributes` and comments are dropped. */
export function v2flyLine(text: string, line: number, sink: LineSink): void {
  const rule = bare(text).split(/\s+/)[0] ?? '';
  if (rule === '') return;
  const [, kind = 'domain', name = rule] = /^(domain|full|keyword|regexp|include):(.+)$/.exec(rule) ?? [];
  if (kind === 'keyword' || kind === 'regexp') sink.skip(line, 'parts of names');
  else if (kind === 'include') sink.skip(line, 'includes another list');
  else sink.entry(line, { entry: `${kind === 'full' ? '=' : ''}${withoutDot(name)}`, label: null });
}

/** Without a comment that follows; a `#` belongs to no host. */
function bare(text: string): string {
  const hash = text.indexOf('#');
  return hash < 0 ? text : text.slice(0, hash).trim();
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function count(text: string, what: string): number {
  return text.split(what).length - 1;
}
