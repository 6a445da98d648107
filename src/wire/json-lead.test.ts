import { expect, it } from 'vitest';
import { JsonLead } from './json-lead.ts';

const BE = (text: string) => Buffer.from(text, 'utf16le').swap16();

it.each<[string, Buffer, boolean | null]>([
  ['an object', Buffer.from('{"a":1}'), true],
  ['a list behind blanks', Buffer.from(`${' \r\n\t'.repeat(100_000)}[1]`), true],
  ['an object behind a byte order mark', Buffer.from('\ufeff{}'), true],
  ['UTF-16, little end first', Buffer.from('\ufeff {}', 'utf16le'), true],
  ['UTF-16, big end first', BE(' \n{}'), true],
  ['UTF-32, big end first', Buffer.from([0, 0, 0xfe, 0xff, 0, 0, 0, 0x7b]), true],
  ['blanks alone', Buffer.from('  \n'), null],
  ['a picture', Buffer.from('89504e470d0a1a0a', 'hex'), false],
  ['a film', Buffer.from('000000206674797069736f6d', 'hex'), false],
  ['silence, and a byte that is a brace', Buffer.concat([Buffer.alloc(400), Buffer.from('{')]), false],
  ['a part', Buffer.from('--boundary\r\n\r\n{}'), false],
])('%s', (_, bytes, expected) => {
  expect(new JsonLead().push(bytes)).toBe(expected);
  const slow = new JsonLead();
  let said: boolean | null = null;
  for (const byte of bytes) said = slow.push(Uint8Array.of(byte));
  expect(said).toBe(expected);
});
