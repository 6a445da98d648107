/** What people put into directories that policy is read from: each bad file is refused by name and line, none hangs or is silence. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { listTree, readText, readTree, TreeUnreadable, treeStamp } from './read-tree.ts';

const base = mkdtempSync(join(tmpdir(), 'read-tree-'));
afterAll(() => rmSync(base, { recursive: true }));
let made = 0;
function treeWith(put: (root: string) => void): string {
  made += 1;
  const root = join(base, String(made));
  mkdirSync(join(root, 'a'), { recursive: true });
  put(root);
  return root;
}
function refusal(root: string): { file: string | null; line: number; message: string } {
  try {
    readTree([root], ['.yaml']);
  } catch (error) {
    if (error instanceof TreeUnreadable) return error;
    throw error;
  }
  throw new Error('it was read');
}

writeFileSync(join(base, 'outside.yaml'), 'x: 1\n');

it.each<[string, (path: string) => void, RegExp, number]>([
  ['bytes that are no UTF-8', (p) => writeFileSync(p, Buffer.from('a: 1\nb: \xff\n', 'latin1')), /not UTF-8/, 2],
  ['a NUL', (p) => writeFileSync(p, 'a: 1\nb: 2\n# \0\n'), /NUL/, 3],
  ['a link that leads out', (p) => symlinkSync(join(base, 'outside.yaml'), p), /leads out/, 0],
  ['a link to an endless device', (p) => symlinkSync('/dev/zero', p), /leads out/, 0],
  ['a link to nothing', (p) => symlinkSync('/nonexistent', p), /ENOENT/, 0],
  ['a link to itself', (p) => symlinkSync('x.yaml', p), /ELOOP/, 0],
  ['a link to a directory', (p) => symlinkSync('.', p), /no regular file/, 0],
  [
    'a link to a pipe',
    (p) => {
      execFileSync('mkfifo', [`${p}.pipe`]);
      symlinkSync('x.yaml.pipe', p);
    },
    /no regular file/,
    0,
  ],
  [
    'a file that is too large',
    (p) => {
      writeFileSync(p, '');
      truncateSync(p, 65 * 1024 * 1024);
    },
    /larger than/,
    0,
  ],
])('refuses %s', (_, put, message, line) => {
  const error = refusal(treeWith((root) => put(join(root, 'a/x.yaml'))));
  expect(error).toMatchObject({ file: 'a/x.yaml', line });
  expect(error.message).toMatch(message);
});

it('follows links within the root, as Kubernetes mounts files', () => {
  const root = treeWith((dir) => {
    mkdirSync(join(dir, 'a/..2026'));
    writeFileSync(join(dir, 'a/..2026/x.yaml'), 'x: 1\n');
    symlinkSync('..2026', join(dir, 'a/..data'));
    symlinkSync('..data/x.yaml', join(dir, 'a/x.yaml'));
  });
  expect(readTree([root], ['.yaml'])).toEqual([{ path: 'a/x.yaml', text: 'x: 1\n' }]);
  // The root itself may be a link.
  symlinkSync(root, join(base, 'link'));
  expect(readTree([join(base, 'link')], ['.yaml'])).toHaveLength(1);
});

it('names what it does not read, a link to a directory among it', () => {
  const root = treeWith((dir) => {
    writeFileSync(join(dir, 'a/x.json'), '{}');
    symlinkSync(base, join(dir, 'more'));
  });
  expect(listTree([root])).toEqual(['a/x.json', 'more']);
});

it('reads what has no size up to its bound', () => {
  expect(() => readText('/dev/zero', 4096)).toThrow(/larger than 4096/);
  expect(readText('/proc/self/comm', 4096)).toMatch(/\n$/);
});

it('notices edits beside a link to nothing, and the link', () => {
  const root = treeWith((dir) => writeFileSync(join(dir, 'a/x.yaml'), 'x: 1\n'));
  const stamps = [treeStamp([root])];
  symlinkSync('/nonexistent', join(root, 'a/y.yaml'));
  stamps.push(treeStamp([root]));
  writeFileSync(join(root, 'a/x.yaml'), 'x: 10\n');
  stamps.push(treeStamp([root]));
  expect(new Set(stamps).size).toBe(3);
});
