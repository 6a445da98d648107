/** T-40: bodies of several JSON texts, as the strictest reader of them has them, however they are cut into pieces. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ProviderFetch, ProviderFetches } from './provider-fetch.ts';
import { type LineFormat, ProviderLines } from './provider-lines.ts';

const EVIL = '{"image_url":"https://evil.example/"}';
const evil = { kind: 'url', text: 'https://evil.example/', writes: false };

function read(format: LineFormat, text: string, size = 1_000): readonly ProviderFetch[] | null {
  const lines = new ProviderLines(format);
  const bytes = Buffer.from(text);
  const found: ProviderFetch[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const some = lines.push(bytes.subarray(at, at + size));
    if (some === null) return null;
    found.push(...some);
  }
  const last = lines.end();
  return last === null ? null : [...found, ...last];
}

describe.each([1, 2, 7, 1_000])('in pieces of %i bytes', (size) => {
  it.each<[LineFormat, string]>([
    ['lines', `{"a":1}\n${EVIL}\n`],
    ['lines', `\n{"a":1}\r\n\r\n  ${EVIL}`],
    ['events', `event: x\nid: 1\nretry: 5\n: a comment\ndata: ${EVIL}\n\ndata: [DONE]\n\n`],
    ['events', `data:${EVIL}\r\n\r\n`],
    ['events', `data: {"a":1}\n\ndata:\ndata: ${EVIL}`],
  ])('%s %j ask for what any of them asks for', (format, text) => {
    expect(read(format, text, size)).toEqual([evil]);
  });

  it.each<[LineFormat, string]>([
    // Who skips what it cannot read has the line in the middle as a text of its own.
    ['lines', `{"metadata":\n${EVIL}\n}\n`],
    ['lines', `{"metadata":\r${EVIL}\r}\n`],
    ['lines', `{"a":1} ${EVIL}\n`],
    ['lines', `{"a":1}\n{"b":`],
    ['lines', '[DONE]\n'],
    ['lines', `data: ${EVIL}\n`],
    ['lines', `\ufeff${EVIL}\n`],
    ['events', `data: {"metadata":\ndata: ${EVIL}\ndata: }\n\n`],
    ['events', `data: {"metadata":1}\rdata: ${EVIL}\n\n`],
    ['events', `${EVIL}\n`],
    ['events', `prompt: ${EVIL}\n\n`],
    ['events', `Data: ${EVIL}\n\n`],
    ['events', `\ufeffdata: ${EVIL}\n\n`],
    ['events', 'data: words\n\n'],
    ['events', 'data\n\n'],
  ])('%s %j cannot be read', (format, text) => {
    expect(read(format, text, size)).toBeNull();
  });
});

it('a text on a line asks for what it asks for as a body', () => {
  const value = fc.jsonValue({ maxDepth: 4 });
  const keys = fc.constantFrom('image_url', 'tools', 'metadata', 'url', 'source', 'type', 'model');
  const body = fc.dictionary(keys, fc.oneof(value, fc.webUrl(), fc.dictionary(keys, fc.webUrl())));
  fc.assert(
    fc.property(fc.array(body, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (bodies, size) => {
      const texts = bodies.map((one) => JSON.stringify(one));
      const whole = texts.flatMap((text) => {
        const fetches = new ProviderFetches();
        return [...(fetches.push(Buffer.from(text)) ?? []), ...(fetches.end() ?? [])];
      });
      expect(read('lines', texts.join('\n'), size)).toEqual(whole);
      expect(read('events', texts.map((text) => `data: ${text}\n\n`).join(''), size)).toEqual(whole);
    }),
  );
});
