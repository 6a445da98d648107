/** A secret cut over the values of one body, whatever the body is made of; what is left is a body of that kind (T-36). */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextOf } from '../../test/dlp/guard-context.ts';
import { GITHUB_RULES, GITHUB_TOKEN, ruleSet } from '../../test/dlp/small-rules.ts';
import { createGuard } from './guard.ts';

const guard = createGuard({ rules: ruleSet(GITHUB_RULES), fingerprintKey: Buffer.alloc(32, 1) });
const MARK = '[REDACTED:GITHUB_TOKEN]';

function run(body: string, contentType: string, cut = 0, direction: 'result' | 'request' = 'result') {
  const filter = guard.filter(contextOf({ direction, contentType }));
  const bytes = Buffer.from(body);
  const out = [...filter.push(bytes.subarray(0, cut)), ...filter.push(bytes.subarray(cut)), ...filter.end()];
  return { text: Buffer.concat(out).toString(), blocked: filter.blocked };
}

interface Form {
  readonly type: string;
  readonly send: (parts: readonly string[]) => string;
  /** The parts, as who takes the body reads them. */
  readonly read: (body: string) => readonly string[];
}

const MULTIPART = 'multipart/form-data; boundary=B';
const FORM = 'application/x-www-form-urlencoded';
const head = (more: string) => `--B\r\nContent-Disposition: form-data; ${more}\r\n`;
/** What each part holds, heads apart. */
const bodiesOf = (body: string) =>
  body
    .replaceAll('\r\n', '\n')
    .split(/^--B(?:--)?\n?/m)
    .slice(1)
    .flatMap((part) => (part.includes('\n\n') ? [part.slice(part.indexOf('\n\n') + 2).trimEnd()] : []));
const found = (pattern: RegExp) => (body: string) => [...body.matchAll(pattern)].map(([, value = '']) => value);
const parts = (texts: readonly string[], end = '\r\n', last = `--B--${end}`) =>
  texts.map((text, i) => `--B${end}Content-Disposition: form-data; name="f${i}"${end}${end}${text}${end}`).join('') +
  last;
const percent = (text: string) => [...text].map((sign) => `%${sign.charCodeAt(0).toString(16)}`).join('');
const base64 = (text: string) => Buffer.from(text).toString('base64');
const from64 = (text: string) => Buffer.from(text, 'base64').toString();

const FORMS: Readonly<Record<string, Form>> = {
  'parts of multipart': { type: MULTIPART, send: (p) => parts(p), read: bodiesOf },
  'parts behind no last boundary': { type: MULTIPART, send: (p) => parts(p, '\r\n', ''), read: bodiesOf },
  'parts on lines that end in LF': { type: MULTIPART, send: (p) => parts(p, '\n'), read: bodiesOf },
  'parts behind a brace': { type: MULTIPART, send: (p) => `{}\r\n${parts(p)}`, read: bodiesOf },
  'parts with empty lines behind them': {
    type: MULTIPART,
    send: (p) => parts(p.map((text) => `${text}\r\n\r\n`)),
    read: bodiesOf,
  },
  'parts within a part': {
    type: 'multipart/mixed; boundary=A',
    send: (p) => `--A\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n${parts(p)}--A--\r\n`,
    read: (body) => bodiesOf(body.replace('--A--\r\n', '')),
  },
  'parts in base64': {
    type: MULTIPART,
    send: (p) =>
      p.map((t, i) => `${head(`name="f${i}"`)}Content-Transfer-Encoding: base64\r\n\r\n${base64(t)}\r\n`).join(''),
    read: (body) => bodiesOf(body).map(from64),
  },
  'names of parts': {
    type: MULTIPART,
    send: (p) => p.map((t) => `${head(`name="${t}"`)}\r\nx\r\n`).join(''),
    read: found(/ name="([^"]*)"/g),
  },
  'names of files': {
    type: MULTIPART,
    send: (p) => p.map((t, i) => `${head(`name="f${i}"; filename="${t}"`)}\r\nx\r\n`).join(''),
    read: found(/filename="([^"]*)"/g),
  },
  'a name in sections': {
    type: MULTIPART,
    send: (p) => `${head(`name="f"${p.map((t, i) => `; filename*${i}="${t}"`).join('')}`)}\r\nx\r\n--B--\r\n`,
    read: found(/filename\*\d+="([^"]*)"/g),
  },
  'a name on several lines': {
    type: MULTIPART,
    send: (p) => `${head(`name="f"; filename="${p.join('\r\n ')}"`)}\r\nx\r\n--B--\r\n`,
    read: (body) => found(/filename="([^"]*)"/g)(body)[0]?.split('\r\n ') ?? [],
  },
  'values of a form': {
    type: FORM,
    send: (p) => p.map((t, i) => `f${i}=${t}`).join('&'),
    read: (body) => [...new URLSearchParams(body).values()],
  },
  'encoded values of a form': {
    type: FORM,
    send: (p) => p.map((t, i) => `f${i}=${percent(t)}`).join('&'),
    read: (body) => [...new URLSearchParams(body).values()],
  },
  'names of a form': {
    type: FORM,
    send: (p) => p.map((t) => `${t}=1`).join('&'),
    read: (body) => body.split('&').map((pair) => decodeURIComponent(pair.slice(0, -2))),
  },
  'values between semicolons': {
    type: FORM,
    send: (p) => p.map((t, i) => `f${i}=${t}`).join(';'),
    read: (body) => [...new URLSearchParams(body.replaceAll(';', '&')).values()],
  },
  'a form that nothing calls one': {
    type: 'text/plain',
    send: (p) => p.map((t, i) => `f${i}=${t}`).join('&'),
    read: (body) => body.split('&').map((pair) => pair.slice(pair.indexOf('=') + 1)),
  },
  'keys of JSON': {
    type: 'application/json',
    send: (p) => `{${p.map((t) => `"${t}":1`).join(',')}}`,
    read: found(/"([^"]*)":1/g),
  },
  'strings of Python': {
    type: 'text/plain',
    send: (p) => `{${p.map((t, i) => `'k${i}': '${t}'`).join(', ')}}`,
    read: found(/: '([^']*)'/g),
  },
  'strings of JSON5': {
    type: 'application/json5',
    send: (p) => `{n:1,${p.map((t, i) => `k${i}:'${t}'`).join(',')}}`,
    read: found(/'([^']*)'/g),
  },
  'a list of YAML': {
    type: 'application/yaml',
    send: (p) => `k:\n${p.map((t) => `  - ${t}\n`).join('')}`,
    read: found(/- (.*)/g),
  },
  'values of YAML': {
    type: 'application/yaml',
    send: (p) => p.map((t, i) => `k${i}: "${t}"\n`).join(''),
    read: found(/: "(.*)"/g),
  },
  'a field of records of YAML': {
    type: 'application/yaml',
    send: (p) => p.map((t, i) => `- n: v${i}\n  k: ${t}\n`).join(''),
    read: found(/ k: (.*)/g),
  },
  settings: { type: 'text/plain', send: (p) => p.map((t, i) => `PART_${i}=${t}\n`).join(''), read: found(/=(.*)/g) },
  'lines of text': { type: 'text/plain', send: (p) => p.map((t) => `${t}\n`).join(''), read: found(/(.*)\n/g) },
  'elements of XML': {
    type: 'application/xml',
    send: (p) => `<r>${p.map((t) => `<v>${t}</v>`).join('')}</r>`,
    read: found(/<v>([^<]*)/g),
  },
  'an element of records of XML': {
    type: 'application/xml',
    send: (p) => `<r>${p.map((t, i) => `<i><n>n${i}</n><v>${t}</v></i>`).join('\n')}</r>`,
    read: found(/<v>([^<]*)/g),
  },
  'attributes of XML': {
    type: 'application/xml',
    send: (p) => `<r>${p.map((t) => `<v a="${t}"/>`).join('')}</r>`,
    read: found(/a="([^"]*)"/g),
  },
  'stretches of character data': {
    type: 'application/xml',
    send: (p) => `<r>${p.map((t) => `<![CDATA[${t}]]>`).join('')}</r>`,
    read: found(/CDATA\[(.*?)\]\]>/g),
  },
  'a row of CSV': {
    type: 'text/csv',
    send: (p) => `a,b\n${p.join(',')}\n`,
    read: (body) => body.split('\n')[1]?.split(',') ?? [],
  },
  'a column of CSV': {
    type: 'text/csv',
    send: (p) => `n,part\n${p.map((t, i) => `-${i},"${t}"\n`).join('')}`,
    read: found(/-\d,"([^"]*)"/g),
  },
};

const cut = fc
  .uniqueArray(fc.integer({ min: 1, max: GITHUB_TOKEN.length - 1 }), { minLength: 1, maxLength: 9 })
  .map((cuts) => {
    const at = [0, ...cuts.sort((a, b) => a - b), GITHUB_TOKEN.length];
    return at.slice(1).map((end, i) => GITHUB_TOKEN.slice(at[i], end));
  });

describe.each(Object.entries(FORMS))('a secret cut over %s', (_, { type, send, read }) => {
  it('is taken out however it is cut, and the body stays what it is (T-36)', () => {
    fc.assert(
      fc.property(cut, fc.nat(400), (pieces, at) => {
        const body = send(pieces);
        expect(read(body).slice(-pieces.length)).toEqual(pieces);
        const { text } = run(body, type, at);
        const left = read(text);
        expect(left.join('')).toContain(MARK);
        expect(left.join('').replace(MARK, '')).not.toMatch(/[a-zA-Z0-9]{4}/);
        expect(left.length).toBe(read(body).length);
        expect(run(body, type, at, 'request')).toEqual({ text: '', blocked: true });
      }),
      { numRuns: 15 },
    );
  });

  it('changes nothing of what is no secret', () => {
    const body = send(['ghp_short', 'and', 'other', 'words']);
    expect(run(body, type).text).toBe(body);
  });
});
