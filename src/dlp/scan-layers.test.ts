import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redacted } from '../../test/dlp/redacted.ts';
import { GITHUB_RULES, GITHUB_TOKEN, ruleSet } from '../../test/dlp/small-rules.ts';
import { scanLayers } from './scan-layers.ts';

const rules = ruleSet(GITHUB_RULES);

const base64 = (text: string) => Buffer.from(text).toString('base64');
const base64url = (text: string) => Buffer.from(text).toString('base64url');
const hex = (text: string) => Buffer.from(text).toString('hex');
const SIGNS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const bits = (of: Iterable<number>, size: number) => [...of].map((n) => n.toString(2).padStart(size, '0')).join('');
const numbersOf = (text: string, size: RegExp) => (text.match(size) ?? []).map((group) => Number.parseInt(group, 2));
const base32 = (text: string) =>
  numbersOf(`${bits(Buffer.from(text), 8)}0000`, /.{5}/g)
    .map((n) => SIGNS[n])
    .join('');
const percent = (text: string) =>
  text.replace(/./gsu, (c) => [...Buffer.from(c)].map((b) => `%${b.toString(16).padStart(2, '0')}`).join(''));
const unicode = (text: string) => text.replace(/./gs, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
const hidden = (text: string) => [...text].join('\u200b');

const bytesOf = (text: string, write: (digits: string) => string) =>
  [...Buffer.from(text)].map((byte) => write(byte.toString(16).padStart(2, '0'))).join('');
const dump = (text: string) => bytesOf(text, (digits) => `${digits} `).trimEnd();
const source = (text: string) => bytesOf(text, (digits) => `\\x${digits}`);
const entities = (text: string) => bytesOf(text, (digits) => `&#x${digits};`);
const quoted = (text: string) => bytesOf(text, (digits) => `=${digits.toUpperCase()}`).replaceAll(/.{60}/g, '$&=\r\n');
const wrapped = (text: string) => base64(text.padEnd(120)).replaceAll(/.{64}/g, '$&\n');
const numbers = (text: string, pattern: RegExp) =>
  Buffer.from(
    text.replaceAll(pattern, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    'latin1',
  ).toString();

/** Lines of an offset and sixteen bytes. */
const hexdump = (of: Buffer, line: (pairs: string[], plain: string) => string, behind: string) =>
  Array.from({ length: Math.ceil(of.length / 16) }, (_, i) => {
    const part = of.subarray(16 * i, 16 * i + 16);
    const plain = part.toString('latin1').replaceAll(/[^ -~]/g, '.');
    return `${(16 * i).toString(16).padStart(8, '0')}${behind}${line(part.toString('hex').match(/../g) ?? [], plain)}`;
  }).join('\n');

const ENCODERS = { base64, base64url, base32, hex, percent, unicode, hidden, dump, source, entities, quoted, wrapped };
const DECODERS: Record<keyof typeof ENCODERS, (text: string) => string> = {
  base64: (text) => Buffer.from(text, 'base64').toString(),
  base64url: (text) => Buffer.from(text, 'base64url').toString(),
  base32: (text) =>
    Buffer.from(
      numbersOf(
        bits(
          [...text].map((c) => SIGNS.indexOf(c)),
          5,
        ),
        /.{8}/g,
      ),
    ).toString(),
  hex: (text) => Buffer.from(text, 'hex').toString(),
  percent: decodeURIComponent,
  unicode: (text) => JSON.parse(`"${text}"`) as string,
  hidden: (text) => text.replaceAll('\u200b', ''),
  dump: (text) => Buffer.from(text.replaceAll(' ', ''), 'hex').toString(),
  source: (text) => numbers(text, /\\x(..)/g),
  entities: (text) => numbers(text, /&#x(..);/g),
  quoted: (text) => numbers(text.replaceAll('=\r\n', ''), /=(..)/g),
  wrapped: (text) => Buffer.from(text, 'base64').toString().trimEnd(),
};
const NAMES = Object.keys(ENCODERS) as (keyof typeof ENCODERS)[];

describe('a secret inside an encoding', () => {
  it.each(NAMES)('T-35 is found under %s, and what takes its place is encoded the same', (name) => {
    const inner = `{"user":"someone","token":"${GITHUB_TOKEN}","more":"text after it"}`;
    const text = `before ${ENCODERS[name](inner)} after`;
    const found = scanLayers(Buffer.from(text), rules);
    expect(found.map(({ rule }) => rule.spec.id)).toEqual(['github-pat']);
    expect(found[0]?.secret.toString()).toBe(GITHUB_TOKEN);
    const out = redacted(text, rules);
    const decoded = DECODERS[name](out.slice('before '.length, -' after'.length));
    expect(decoded).not.toContain('ghp_SI');
    expect(decoded).toMatch(/^\{"user":"someone","token":"\[GONE\]\**","more":"text after it"\}$/);
  });

  const NOISE = Buffer.from(Array.from({ length: 300 }, (_, i) => (Math.imul(i + 7, 2654435761) >>> 13) & 0xff));
  const INNER = `{"user":"someone","token":"${GITHUB_TOKEN}","more":"text after it"}`;
  const IN_DUMPS = {
    hexdump: (of: Buffer) => hexdump(of, (pairs, plain) => `${pairs.join(' ').padEnd(49)} |${plain}|`, '  '),
    xxd: (of: Buffer) => hexdump(of, (pairs, plain) => `${pairs.join('').replaceAll(/.{4}/g, '$& ')} ${plain}`, ': '),
  };
  const OF_BYTES: Record<string, (of: Buffer) => string> = {
    base64: (of) => of.toString('base64'),
    base64url: (of) => of.toString('base64url'),
    base32: (of) => base32(of.toString('latin1')),
    hex: (of) => of.toString('hex'),
    dump: (of) => of.toString('hex').replaceAll(/..(?!$)/g, '$& '),
    'base64 on lines': (of) => of.toString('base64').replaceAll(/.{64}/g, '$&\n'),
    'base32 on lines': (of) => base32(of.toString('latin1')).replaceAll(/.{64}/g, '$&\n'),
    'hex on lines': (of) => of.toString('hex').replaceAll(/.{60}/g, '$&\n'),
    ...IN_DUMPS,
  };
  const isFound = (text: string) =>
    scanLayers(Buffer.from(text, 'latin1'), rules).some(({ secret }) => secret.toString() === GITHUB_TOKEN);

  it.each(Object.entries(OF_BYTES).filter(([name]) => !name.startsWith('base32')))(
    'T-35 is found among bytes that are no text: %s',
    (_, write) => {
      for (const before of [Buffer.alloc(0), Buffer.alloc(60), Buffer.alloc(7, 0xff), NOISE])
        for (const after of [Buffer.alloc(0), NOISE, Buffer.concat([NOISE, NOISE])])
          expect(isFound(`it is ${write(Buffer.concat([before, Buffer.from(INNER), after]))} here`)).toBe(true);
    },
  );

  it.each(Object.entries(OF_BYTES))('T-35 is found beside what looks like a part of it: %s', (_, write) => {
    const written = write(Buffer.from(INNER.padEnd(200)));
    const beside = ['A', 'AB', 'ABC', 'a', '0', 'f0', 'x', '-', '_', '/', 'path/', '%2', '=3', '\\u', '41', '0x'];
    for (const one of beside)
      for (const text of [`w ${one}${written}`, `${one}${written}`, `w ${written}${one}`, `w ${one}${written}${one}`])
        expect([text.slice(0, 24), isFound(text)]).toEqual([text.slice(0, 24), true]);
  });

  it.each(Object.entries(OF_BYTES))('T-35 is found behind a line that does not belong to it: %s', (_, write) => {
    const written = write(Buffer.from(INNER.padEnd(200)));
    for (const length of [3, 40, 41, 63, 65, 77, 100, 1000])
      for (const sign of ['A', 'a', '0'])
        for (const text of [`${sign.repeat(length)}\n${written}`, `${written}\n${sign.repeat(length)}`])
          expect([sign, length, isFound(text)]).toEqual([sign, length, true]);
  });

  it('T-35 is taken out of bytes that are no text, and nothing else is', () => {
    const whole = Buffer.concat([NOISE, Buffer.from(INNER), NOISE]);
    const out = Buffer.from(redacted(`a ${whole.toString('base64')} b`, rules).slice(2, -2), 'base64');
    expect(out.subarray(0, 300).equals(NOISE)).toBe(true);
    expect(out.subarray(-300).equals(NOISE)).toBe(true);
    expect(out.toString('latin1')).toMatch(/"token":"\[GONE\]\**","more"/);
  });

  it('T-35 is found under two encodings, and under three', () => {
    for (const text of [
      base64(hex(`key=${GITHUB_TOKEN}`)),
      percent(base64(`key=${GITHUB_TOKEN}`)),
      base64(percent(hex(`key=${GITHUB_TOKEN}`))),
    ]) {
      expect(scanLayers(Buffer.from(text), rules)).toHaveLength(1);
      expect(redacted(text, rules)).not.toBe(text);
    }
  });

  it('T-34 leaves no trace of it, whatever stands around and however it is nested', () => {
    const around = fc.string({ maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.constantFrom(...NAMES), around, around, (first, second, a, b) => {
        const text = `x ${ENCODERS[second](`some words ${ENCODERS[first](`and ${a.replaceAll('\\', '')} a ${GITHUB_TOKEN} b`)} ${b.replaceAll('\\', '')}`)}`;
        const before = scanLayers(Buffer.from(text), rules);
        const after = scanLayers(Buffer.from(redacted(text, rules)), rules);
        return before.length === 0 || after.length === 0;
      }),
      { numRuns: 150 },
    );
  });

  it('costs no more than its bounds on text that decodes to text for ever', () => {
    let text = 'plain text that goes on and on';
    while (text.length < 200_000) text = base64(text);
    expect(scanLayers(Buffer.from(text), rules)).toEqual([]);
  });

  it('T-35 is found in base64 on lines, escaped in JSON as well, and no line grows', () => {
    for (const ending of ['\n', '\r\n', '\n  ', '\\n', '\\r\\n']) {
      const text = `"${base64(`words before it ${GITHUB_TOKEN} and words behind it, for a line more`).replaceAll(/.{48}/g, `$&${ending}`)}"`;
      const out = redacted(text, rules);
      const lines = out.slice(1, -1).split(ending);
      expect(Buffer.from(lines.join(''), 'base64').toString()).toMatch(
        /^words before it \[GONE\]\** and words behind it/,
      );
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(48);
    }
  });

  it('T-35 is found behind a line end that is escaped in percent-encoded text', () => {
    const text = `d=${encodeURIComponent(JSON.stringify({ m: `a\n${GITHUB_TOKEN}\nb` }))}&e=1`;
    expect(redacted(text, rules)).toBe(
      text.replace(GITHUB_TOKEN, '[GONE]').replace('[GONE]', encodeURIComponent('[GONE]')),
    );
  });

  it('is found in the rest of a run that was cut', () => {
    const run = base64(`some words and ${GITHUB_TOKEN} and more words`);
    for (let cut = 0; cut < 8; cut += 1) expect(scanLayers(Buffer.from(run.slice(cut)), rules)).toHaveLength(1);
  });

  it('stands in the clear: its own place, nothing decoded', () => {
    const [found] = scanLayers(Buffer.from(`é ${GITHUB_TOKEN}`), rules);
    expect(found).toMatchObject({ start: 3, end: 43, encodings: [] });
  });
});

it("a model's own calls of tools are no text that smuggles one", () => {
  const smuggling = ruleSet(`version: 1
rules:
  - id: call
    description: A call of a tool
    info_type: CALL
    kind: injection
    regex: '"tool_calls" ?: ?[[][{]'
    likelihood: POSSIBLE
    severity: medium
    actions: { result: redact, request: pass }
    tests: { match: ['"tool_calls":[{'], no_match: ['tool'] }
`);
  const found = (text: string) => scanLayers(Buffer.from(text), smuggling).length;
  expect(found('{"choices":[{"message":{"content":null,"tool_calls":[{"id":"call_1"}]}}]}')).toBe(0);
  expect(found('data: {"choices":[{"delta":{"tool_calls":[{"id":"call_1"}]}}]}\n\n')).toBe(0);
  expect(found('A note: {"tool_calls":[{"id":"call_1"}]}')).toBe(1);
});
