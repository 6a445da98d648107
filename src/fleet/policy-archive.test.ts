import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archiveFiles, archiveImports, filesIn, unpackInto } from './policy-archive.ts';

let dir: string;
const put = (path: string, text: string) => {
  mkdirSync(join(dir, path, '..'), { recursive: true });
  writeFileSync(join(dir, path), text);
};
const roots = () => ({
  rules: [join(dir, 'rules'), join(dir, 'more')],
  edits: join(dir, 'edits'),
  categories: [join(dir, 'categories')],
  imports: join(dir, 'imports'),
});

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'locktender-archive-'));
  put('rules/classes.yaml', 'a: 1\n');
  put('rules/dlp/one.yaml', 'one\n');
  put('more/classes.yaml', 'a: 2\n');
  put('categories/taxonomy.yaml', 'x\n');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('an archive of policy files', () => {
  it('is the same for the same files, and holds what a reload reads', async () => {
    put('edits/dlp/one.yaml', 'edited\n');
    const { digest, bytes } = archiveFiles(roots());
    expect(archiveFiles(roots()).digest).toBe(digest);
    const files = filesIn(bytes);
    if (!files.ok) throw new Error(files.error);
    await unpackInto(join(dir, 'out'), files.value);
    const read = (path: string) => readFileSync(join(dir, 'out', path), 'utf8');
    expect([read('rules/classes.yaml'), read('edits/dlp/one.yaml'), read('categories/taxonomy.yaml')]).toEqual([
      'a: 2\n',
      'edited\n',
      'x\n',
    ]);
    put('more/classes.yaml', 'a: 3\n');
    expect(archiveFiles(roots()).digest).not.toBe(digest);
  });

  it('holds imports apart, where there are any', () => {
    expect(archiveImports(roots())).toBeNull();
    put('imports/ads.list', 'head\nexample.com\n');
    put('imports/.ads.list.1.tmp', 'half');
    const files = filesIn(archiveImports(roots())?.bytes ?? new Uint8Array());
    expect(files.ok && files.value.map(({ path }) => path)).toEqual(['imports/ads.list']);
  });

  it.each([
    ['leads out of its directory', '[["rules/../../x",1]]\na'],
    ['is absolute', '[["/etc/x",1]]\na'],
    ['is hidden', '[["rules/.x",1]]\na'],
    ['is of no known directory', '[["keys/pass-1.key",1]]\na'],
    ['says more than there is', '[["rules/a.yaml",9]]\na'],
    ['says less than there is', '[["rules/a.yaml",1]]\nab'],
    ['has no list', 'rules'],
    ['has a list that is none', '{}\n'],
  ])('is refused where a path or its list %s', (_, text) => {
    expect(filesIn(Buffer.from(text)).ok).toBe(false);
  });
});
