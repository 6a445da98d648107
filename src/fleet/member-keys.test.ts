import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { nodeKeyText } from './envelope.ts';
import { MemberKeys, parseMemberKeys } from './member-keys.ts';

const text = (node: string, byte = 1) => nodeKeyText({ node, publicKey: new Uint8Array(32).fill(byte) });
const log = createLog({ level: 'silent' });
let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'locktender-keys-'));
  file = join(dir, 'members');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('reads one key a line, without what is said behind it', () => {
  const keys = parseMemberKeys(`# all of them\n\n${text('a')} # the first\n  ${text('b')}\r\n`);
  expect([...keys.keys()]).toEqual(['a', 'b']);
});

it('says which line is wrong', () => {
  expect(() => parseMemberKeys(`${text('a')}\nnonsense`)).toThrow(/^line 2: /);
  expect(() => parseMemberKeys(`${text('a')}\n${text('a', 2)}`)).toThrow('line 2: `a` has a key already');
  expect(() => parseMemberKeys(text('a').replace('AQEB', 'AQEC'))).toThrow(/^line 1: /);
});

it('follows the file as it changes, and keeps the keys of before where it is not valid or gone', () => {
  writeFileSync(file, text('a'));
  const keys = new MemberKeys(file, log);
  writeFileSync(file, `${text('a')}\n${text('b')}`);
  expect([...keys.all().keys()]).toEqual(['a', 'b']);
  writeFileSync(file, 'nonsense');
  expect([...keys.all().keys()]).toEqual(['a', 'b']);
  rmSync(file);
  expect([...keys.all().keys()]).toEqual(['a', 'b']);
  writeFileSync(file, text('b'));
  expect([...keys.all().keys()]).toEqual(['b']);
  expect(() => new MemberKeys(join(dir, 'none'), log)).toThrow(/ENOENT/);
});
