/**
 * IP addresses: parsing in every spelling that resolvers accept, canonical text, and classification against the
 * special-purpose registries (IANA IPv4 and IPv6 Special-Purpose Address Registries, RFC 6890 and its updates).
 */

export interface IpAddress {
  readonly family: 4 | 6;
  /** Network order, 4 or 16 bytes. */
  readonly bytes: readonly number[];
}

/** Why an address is not public. The name is also the metric label. */
export type AddressClass =
  | 'public'
  | 'unspecified'
  | 'loopback'
  | 'private'
  | 'link_local'
  | 'shared'
  | 'metadata'
  | 'multicast'
  | 'broadcast'
  | 'documentation'
  | 'benchmarking'
  | 'reserved'
  | 'unique_local'
  | 'site_local'
  | 'translation'
  | 'discard';

/** One part of an IPv4 address in the spellings of inet_aton: decimal, octal (`0…`), hex (`0x…`). */
function ipv4Part(text: string): number | null {
  if (/^0[xX][0-9a-fA-F]*$/.test(text)) return text.length === 2 ? 0 : Number.parseInt(text.slice(2), 16);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  if (/^[1-9][0-9]*$/.test(text)) return Number(text);
  return null;
}

/**
 * Parses IPv4 in dotted, short, decimal, octal and hex forms (WHATWG URL section 3.5, inet_aton).
 * Null when the text is not an IPv4 address in any of them.
 */
export function parseIpv4(text: string): IpAddress | null {
  const parts = text.split('.');
  if (parts.length > 4 || text.length > 64) return null;
  const numbers: number[] = [];
  for (const part of parts) {
    const n = ipv4Part(part);
    if (n === null) return null;
    numbers.push(n);
  }
  const last = numbers.pop() ?? 0;
  if (numbers.some((n) => n > 255) || last >= 256 ** (4 - numbers.length)) return null;
  let value = last;
  for (const [i, n] of numbers.entries()) value += n * 256 ** (3 - i);
  return { family: 4, bytes: [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255] };
}

/** Strict dotted decimal only, no leading zeros: what a resolver or a socket reports. */
export function parseIpv4Strict(text: string): IpAddress | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((p) => /^(0|[1-9][0-9]{0,2})$/.test(p) && Number(p) <= 255)) return null;
  return { family: 4, bytes: parts.map(Number) };
}

/** Parses IPv6 text (RFC 4291 section 2.2), without brackets. Zone ids are refused (T-17). */
export function parseIpv6(text: string): IpAddress | null {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text)) return null;
  let tail: readonly number[] = [];
  let head = text;
  const dot = text.indexOf('.');
  if (dot >= 0) {
    const colon = text.lastIndexOf(':');
    const v4 = colon >= 0 ? parseIpv4Strict(text.slice(colon + 1)) : null;
    if (!v4) return null;
    tail = v4.bytes;
    head = text.slice(0, colon + 1);
    // `::1.2.3.4` keeps its `::`; `a:1.2.3.4` loses the separator.
    if (!head.endsWith('::')) head = head.slice(0, -1);
  }
  const groups = expandGroups(head, 8 - tail.length / 2);
  if (!groups) return null;
  return { family: 6, bytes: [...groups.flatMap((g) => [g >> 8, g & 255]), ...tail] };
}

/** Expands `::` so that there are exactly `want` 16-bit groups. */
function expandGroups(text: string, want: number): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const lists: number[][] = [];
  for (const half of halves) {
    const list = groupList(half);
    if (!list) return null;
    lists.push(list);
  }
  const [left = [], right = []] = lists;
  if (halves.length === 1) return left.length === want ? left : null;
  const gap = want - left.length - right.length;
  if (gap < 1) return null;
  return [...left, ...new Array<number>(gap).fill(0), ...right];
}

function groupList(text: string): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  if (!parts.every((p) => /^[0-9a-fA-F]{1,4}$/.test(p))) return null;
  return parts.map((p) => Number.parseInt(p, 16));
}

/** Parses an address as resolvers and sockets write it: strict IPv4, or IPv6. */
export function parseIp(text: string): IpAddress | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4Strict(text);
}

/** Canonical text: dotted decimal, or RFC 5952. */
export function ipText(ip: IpAddress): string {
  if (ip.family === 4) return ip.bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((ip.bytes[2 * i] ?? 0) << 8) | (ip.bytes[2 * i + 1] ?? 0));
  const run = longestZeroRun(groups);
  const hex = (list: readonly number[]) => list.map((g) => g.toString(16)).join(':');
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i += 1) {
    if (i < groups.length && groups[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}

/** True when the first `bits` bits of `ip` equal those of `prefix`. */
export function inPrefix(ip: IpAddress, prefix: IpAddress, bits: number): boolean {
  if (ip.family !== prefix.family) return false;
  for (let i = 0; i < bits; i += 8) {
    const mask = bits - i >= 8 ? 255 : (0xff00 >> (bits - i)) & 255;
    if (((ip.bytes[i / 8] ?? 0) & mask) !== ((prefix.bytes[i / 8] ?? 0) & mask)) return false;
  }
  return true;
}

export interface Cidr {
  readonly ip: IpAddress;
  readonly bits: number;
}

/** `10.0.0.0/8`, `fd00::/8`, or a lone address. Null when malformed. */
export function parseCidr(text: string): Cidr | null {
  const [address = '', bits, more] = text.split('/');
  const ip = parseIp(address);
  if (!ip || more !== undefined) return null;
  const width = ip.family === 4 ? 32 : 128;
  if (bits === undefined) return { ip, bits: width };
  if (!/^(0|[1-9][0-9]{0,2})$/.test(bits) || Number(bits) > width) return null;
  return { ip, bits: Number(bits) };
}

export function inCidr(ip: IpAddress, cidr: Cidr): boolean {
  return inPrefix(ip, cidr.ip, cidr.bits);
}

const table = (rows: readonly (readonly [string, AddressClass])[]) =>
  rows.map(([text, kind]) => {
    const cidr = parseCidr(text);
    if (!cidr) throw new Error(`bad prefix \`${text}\``);
    return { cidr, kind };
  });

/** First match wins: narrower and more telling rows stand first. */
const SPECIAL = table([
  ['169.254.169.254/32', 'metadata'],
  ['169.254.170.2/32', 'metadata'],
  ['169.254.170.23/32', 'metadata'],
  ['168.63.129.16/32', 'metadata'],
  ['100.100.100.200/32', 'metadata'],
  ['192.0.0.192/32', 'metadata'],
  ['0.0.0.0/32', 'unspecified'],
  ['0.0.0.0/8', 'reserved'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link_local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'documentation'],
  ['192.31.196.0/24', 'reserved'],
  ['192.52.193.0/24', 'reserved'],
  ['192.88.99.0/24', 'translation'],
  ['192.168.0.0/16', 'private'],
  ['192.175.48.0/24', 'reserved'],
  ['198.18.0.0/15', 'benchmarking'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['255.255.255.255/32', 'broadcast'],
  ['240.0.0.0/4', 'reserved'],
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['fd00:ec2::/32', 'metadata'],
  ['fd20:ce::254/128', 'metadata'],
  ['64:ff9b:1::/48', 'translation'],
  ['100::/64', 'discard'],
  ['100:0:0:1::/64', 'discard'],
  ['2001:db8::/32', 'documentation'],
  ['2001::/23', 'reserved'],
  ['2620:4f:8000::/48', 'reserved'],
  ['3fff::/20', 'documentation'],
  ['5f00::/16', 'reserved'],
  ['fc00::/7', 'unique_local'],
  ['fe80::/10', 'link_local'],
  ['fec0::/10', 'site_local'],
  ['ff00::/8', 'multicast'],
]);

/** Prefixes that carry an IPv4 address, and where. An embedded address is judged as itself (T-17, T-18). */
const EMBEDDED: readonly { readonly prefix: Cidr; readonly at: number; readonly flip?: boolean }[] = [
  { prefix: cidrOf('::ffff:0:0/96'), at: 12 },
  { prefix: cidrOf('::ffff:0:0:0/96'), at: 12 },
  { prefix: cidrOf('::/96'), at: 12 },
  { prefix: cidrOf('64:ff9b::/96'), at: 12 },
  { prefix: cidrOf('2002::/16'), at: 2 },
  { prefix: cidrOf('2001::/32'), at: 12, flip: true },
];

function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(`bad prefix \`${text}\``);
  return cidr;
}

/** The IPv4 address inside a mapped, compatible, NAT64, 6to4 or Teredo address; null when there is none. */
export function embeddedIpv4(ip: IpAddress): IpAddress | null {
  if (ip.family === 4) return null;
  for (const { prefix, at, flip } of EMBEDDED) {
    if (!inCidr(ip, prefix)) continue;
    return { family: 4, bytes: ip.bytes.slice(at, at + 4).map((b) => (flip ? b ^ 255 : b)) };
  }
  return null;
}

/**
 * The class of an address. Transition addresses are `translation` even when what they embed is public: nothing
 * that an agent needs lives there, and the relay behind them is not ours to check. Mapped ones are unwrapped.
 */
export function classifyAddress(ip: IpAddress): AddressClass {
  for (const { cidr, kind } of SPECIAL) {
    if (inCidr(ip, cidr) && !(ip.family === 6 && kind === 'reserved' && embeddedIpv4(ip))) return kind;
  }
  const inner = embeddedIpv4(ip);
  if (!inner) return ip.family === 6 && ((ip.bytes[0] ?? 0) & 0xe0) !== 0x20 ? 'reserved' : 'public';
  const innerClass = classifyAddress(inner);
  if (innerClass !== 'public') return innerClass;
  const mapped = ip.bytes.slice(0, 10).every((b) => b === 0) && ip.bytes[10] === 255 && ip.bytes[11] === 255;
  return mapped ? 'public' : 'translation';
}
