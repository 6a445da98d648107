/** A card's number that is a number of CBOR or MessagePack, not a text (T-36): found, and written as nought where it is taken out. */

import { describe, expect, it } from 'vitest';
import { contextOf } from '../../../test/dlp/guard-context.ts';
import { ruleSet } from '../../../test/dlp/small-rules.ts';
import { createGuard } from '../guard.ts';
import { readCbor } from './cbor.ts';
import { readMessagePack } from './message-pack.ts';

const guard = createGuard({
  rules: ruleSet(`version: 1
rules:
  - id: card
    description: A card.
    info_type: CREDIT_CARD_NUMBER
    kind: pii
    regex: '\\b([0-9]{16})\\b'
    secret_group: 1
    validators: [luhn]
    likelihood: LIKELY
    severity: high
    actions: { result: redact, request: block }
    tests: { match: ['4111111111111111'], no_match: ['4111111111111112'] }
`),
  fingerprintKey: Buffer.alloc(32, 1),
});
const CARD = 4_111_111_111_111_111n;

function run(body: Buffer, contentType: string, direction: 'request' | 'result') {
  const filter = guard.filter(contextOf({ direction, contentType }));
  const out = Buffer.concat([...filter.push(body), ...filter.end()]);
  return { out, blocked: filter.blocked, paths: filter.verdict().findings.map(({ path }) => path) };
}

const big = (head: number, value: bigint) => {
  const out = Buffer.of(head, ...Buffer.alloc(8));
  out.writeBigUInt64BE(value, 1);
  return out;
};
const double = (head: number, value: bigint) => {
  const out = Buffer.of(head, ...Buffer.alloc(8));
  out.writeDoubleBE(Number(value), 1);
  return out;
};
/** A map of one key, four letters long, in either format. */
const map = (cbor: boolean, key: string, value: Buffer) =>
  Buffer.concat([Buffer.of(cbor ? 0xa1 : 0x81, cbor ? 0x64 : 0xa4), Buffer.from(key), value]);

describe.each<[string, string, boolean, (value: bigint) => Buffer]>([
  ['a whole number of CBOR', 'application/cbor', true, (value) => big(0x1b, value)],
  ['a negative one', 'application/cbor', true, (value) => big(0x3b, value === 0n ? 0n : value - 1n)],
  ['a double of CBOR', 'application/cbor', true, (value) => double(0xfb, value)],
  ['a whole number of MessagePack', 'application/msgpack', false, (value) => big(0xcf, value)],
  ['one with a sign', 'application/msgpack', false, (value) => big(0xd3, value)],
  ['a double of MessagePack', 'application/msgpack', false, (value) => double(0xcb, value)],
])('%s', (_, type, cbor, number) => {
  it('that is one of a card becomes nought, and does not leave', () => {
    const body = map(cbor, 'card', number(CARD));
    expect(run(body, type, 'result')).toMatchObject({ out: map(cbor, 'card', number(0n)), blocked: false });
    expect(run(body, type, 'result').paths).toEqual(['$.fields[0].card']);
    expect(run(body, type, 'request')).toMatchObject({ out: Buffer.alloc(0), blocked: true });
  });

  it('that is any other stays as it is', () => {
    for (const value of [CARD + 1n, 12n, 20_261_129_114_500n]) {
      const body = map(cbor, 'when', number(value));
      for (const direction of ['result', 'request'] as const)
        expect(run(body, type, direction)).toEqual({ out: body, blocked: false, paths: [] });
    }
  });

  it('may be a key', () => {
    const key = (value: bigint) => Buffer.concat([Buffer.of(cbor ? 0xa1 : 0x81), number(value), Buffer.of(7)]);
    expect(run(key(CARD), type, 'result').out).toEqual(key(0n));
  });
});

it('half a number is none', () => {
  const cut = big(0x1b, CARD).subarray(0, 6);
  expect(readCbor(cut)).toBeNull();
  expect(readMessagePack(Buffer.concat([Buffer.of(0xcf), cut.subarray(1)]))).toBeNull();
});
