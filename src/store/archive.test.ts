import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryDir } from '../../test/record/temporary-dir.ts';
import { ArchiveUnreadable, archiveKind, membersOf } from './archive.ts';

const dir = temporaryDir();
const LONG = `${'long'.repeat(40)}.txt`;
mkdirSync(join(dir, 'tree', 'sub'), { recursive: true });
writeFileSync(join(dir, 'tree', 'one.txt'), 'first '.repeat(500));
writeFileSync(join(dir, 'tree', 'sub', LONG), 'second');

/** Made by the programs that people make them with. */
function made(name: string, ...command: readonly [string, ...string[]]): Buffer {
  const [program, ...args] = command;
  execFileSync(program, args, { cwd: join(dir, 'tree') });
  return readFileSync(join(dir, name));
}

const ZIP = `import zipfile,os
z=zipfile.ZipFile('../a.zip','w',zipfile.ZIP_DEFLATED)
for d,_,fs in os.walk('.'):
    for f in sorted(fs): z.write(os.path.join(d,f))
z.writestr(zipfile.ZipInfo('stored.txt'),'third')`;
const zip = made('a.zip', 'python3', '-c', ZIP);
const gnu = made('gnu.tar', 'tar', '--format=gnu', '-cf', '../gnu.tar', 'one.txt', 'sub');
const pax = made('pax.tar', 'tar', '--format=pax', '-cf', '../pax.tar', 'one.txt', 'sub');

function listed(bytes: Buffer): Record<string, string> {
  const kind = archiveKind(bytes);
  if (kind === null) throw new Error('no archive');
  return Object.fromEntries([...membersOf(bytes, kind)].map(({ name, bytes: body }) => [name, body.toString()]));
}

const TWO = { 'one.txt': 'first '.repeat(500), [`sub/${LONG}`]: 'second' };

describe('archives', () => {
  it.each([
    ['zip', zip, { ...TWO, 'stored.txt': 'third' }],
    ['GNU tar', gnu, TWO],
    ['pax tar', pax, TWO],
    ['gzip', gzipSync('alone'), { '': 'alone' }],
    ['zstd', zstdCompressSync('alone'), { '': 'alone' }],
  ])('gives the files of %s', (_, bytes, files) => {
    expect(listed(bytes)).toEqual(files);
  });

  it('knows text from archives', () => {
    for (const text of ['', 'PK', 'plain text', 'x'.repeat(600)]) expect(archiveKind(Buffer.from(text))).toBeNull();
  });

  it.each([
    ['gzip', gzipSync(Buffer.alloc(1_000_000)), 'gzip', /unpacks to more/],
    ['zip', zip, 'zip', /unpacks to more/],
  ] as const)('stops at what unpacks beyond the limit (T-34): %s', (_, bytes, kind, why) => {
    expect(() => [...membersOf(bytes, kind, { bytes: 1000, members: 10 })]).toThrow(why);
  });

  it('stops at more files than the limit', () => {
    expect(() => [...membersOf(zip, 'zip', { bytes: 1_000_000, members: 2 })]).toThrow(/too many files/);
    const left = { bytes: 1_000_000, members: 4 };
    expect([...membersOf(zip, 'zip', left)]).toHaveLength(3);
    // What is left is what the archives inside may take.
    expect(left.members).toBe(1);
    expect(() => [...membersOf(zip, 'zip', left)]).toThrow(/too many files/);
  });

  it('says which file of a zip cannot be read, and gives the others', () => {
    const entry = zip.indexOf('stored.txt', zip.indexOf('stored.txt') + 1) - 46;
    for (const [offset, value, why] of [
      [8, 1, /encrypted/],
      [10, 99, /method 99/],
      [42, 0xffff, /harmed/],
    ] as const) {
      const odd = Buffer.from(zip);
      odd.writeUInt16LE(value, entry + offset);
      const members = [...membersOf(odd, 'zip')];
      expect(members.map(({ unread }) => unread)).toEqual([undefined, undefined, expect.stringMatching(why)]);
      expect(members[0]?.bytes.toString()).toBe(TWO['one.txt']);
    }
  });

  it('refuses what is harmed in any way by one kind of error, and never hangs', () => {
    const change = fc.tuple(fc.constantFrom(zip, gnu, pax), fc.nat(), fc.nat(255), fc.nat());
    fc.assert(
      fc.property(change, ([bytes, at, to, length]) => {
        const harmed = Buffer.from(bytes.subarray(0, 1 + (length % bytes.length)));
        harmed[at % harmed.length] = to;
        const kind = archiveKind(harmed);
        if (kind === null) return;
        try {
          expect([...membersOf(harmed, kind)].length).toBeLessThan(1000);
        } catch (error) {
          expect(error).toBeInstanceOf(ArchiveUnreadable);
        }
      }),
      { numRuns: 1500 },
    );
  });
});
