import { expect, it } from 'vitest';
import { subtleCall } from './subtle-call.ts';

const none = new Uint8Array(0);
const faultOf = async (op: string, args: unknown[], bytes: Uint8Array = none) => {
  const { json } = await subtleCall(JSON.stringify({ op, args }), bytes);
  return (JSON.parse(json) as { error?: { name: string } }).error?.name ?? 'nothing';
};
const key = (name: string, more: object = {}) => ({
  $k: {
    format: 'raw',
    material: { $b: [0, 16] },
    algorithm: { name, ...more },
    extractable: false,
    usages: ['deriveBits'],
  },
});

it.each<[string, string, unknown[], string]>([
  ['an operation that is none of ours', 'constructor', [], 'NotSupportedError'],
  ['an operation that Node has and we do not', 'encapsulateKey', [], 'NotSupportedError'],
  ['an algorithm that Node has and we do not', 'generateKey', ['Argon2id', true, ['deriveBits']], 'NotSupportedError'],
  ['the same as what a key is of', 'deriveBits', ['HKDF', key('Argon2id'), 8], 'NotSupportedError'],
  [
    'a hash that Node has and we do not',
    'deriveBits',
    [{ name: 'PBKDF2', hash: 'SHA3-256', iterations: 1e9 }, key('PBKDF2'), 256],
    'NotSupportedError',
  ],
  [
    'rounds without end',
    'deriveBits',
    [{ name: 'pbkdf2', hash: 'sha-1', iterations: 5_000_001 }, key('PBKDF2'), 160],
    'OperationError',
  ],
  ['a secret without end', 'deriveBits', [{ name: 'HKDF', hash: 'SHA-1' }, key('HKDF'), 2 ** 31], 'OperationError'],
  ['a structure without end', 'importKey', ['spki', { $b: [0, 70_000] }, 'X25519', true, []], 'DataError'],
  ['arguments that are none', 'sign', [], 'NotSupportedError'],
])('refuses %s', async (_what, op, args, name) => {
  expect(await faultOf(op, args, new Uint8Array(70_000))).toBe(name);
});

it.each([
  '',
  'null',
  '{"op":"sign"}',
  '{"op":"sign","args":[{"$b":1}]}',
  '{"op":"sign","args":["HMAC",{"$k":null}]}',
  '['.repeat(100_000),
  'x'.repeat(300_000),
])('never rejects, whatever an isolate says: %#', async (text) => {
  expect(JSON.parse((await subtleCall(text, none)).json)).toMatchObject({ ok: false });
});

const all = { $b: [0, 64] };
it.each<[string, unknown[]]>([
  ['names the same bytes again', [{ name: 'AES-GCM', iv: all }, key('AES-GCM'), all]],
  ['names them where nobody looks', ['HMAC', key('HMAC'), Array.from({ length: 10_000 }, () => all)]],
  ['names more than came', ['HMAC', key('HMAC'), { $b: [0, 2 ** 40] }]],
  ['counts backwards', ['HMAC', key('HMAC'), [all, { $b: [0, -64] }, all]]],
  ['names no place', ['HMAC', key('HMAC'), { $b: ['0', 1] }]],
])('copies no more than came along, for a call that %s', async (_what, args) => {
  const { json, bytes } = await subtleCall(JSON.stringify({ op: 'sign', args }), new Uint8Array(64));
  expect(JSON.parse(json)).toMatchObject({ error: { name: 'OperationError' } });
  expect(JSON.parse(json)).toMatchObject({ error: { message: expect.stringMatching(/^(?:more bytes|a piece)/) } });
  expect(bytes).toHaveLength(0);
});

it('says of a key what it is made of, and of no key more than was asked for', async () => {
  const generate = { op: 'generateKey', args: [{ name: 'AES-GCM', length: 128 }, false, ['encrypt']] };
  const { json, bytes } = await subtleCall(JSON.stringify(generate), none);
  expect(JSON.parse(json)).toEqual({
    ok: true,
    value: {
      $k: {
        ...{ type: 'secret', extractable: false, usages: ['encrypt'], format: 'raw' },
        ...{ algorithm: { name: 'AES-GCM', length: 128 }, material: { $b: [0, 16] } },
      },
    },
  });
  expect(bytes).toHaveLength(16);
});
