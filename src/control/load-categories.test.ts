import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCategories } from '../categories/load-lists.ts';
import { parseHost } from '../core/host.ts';
import { readTree } from '../store/read-tree.ts';
import { loadCurated, prepareCurated } from './load-categories.ts';

const SHIPPED = [join(import.meta.dirname, '../../categories')];

describe('the shipped categories as set-up kept them', () => {
  let dir = '';
  let file = '';
  const files = readTree(SHIPPED, ['.yaml', '.txt']);
  const compiled = loadCategories({ files });

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'kept-'));
    file = join(dir, 'categories');
    expect(prepareCurated(SHIPPED, file)).toEqual({ ok: true, value: null });
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const digest = (of: ReturnType<typeof loadCurated>) => of.ok && of.value.index.digest;

  it('are what compiling them gives', () => {
    const kept = loadCurated(files, file);
    expect(digest(kept)).toBe(digest(compiled));
    expect(kept.ok && kept.value.taxonomy).toEqual(compiled.ok && compiled.value.taxonomy);
  });

  it('are opened, not compiled: another index under the same key is what is opened', () => {
    const tree = join(dir, 'small');
    mkdirSync(join(tree, 'lists'), { recursive: true });
    writeFileSync(join(tree, 'taxonomy.yaml'), readFileSync(join(SHIPPED[0] as string, 'taxonomy.yaml')));
    writeFileSync(join(tree, 'lists/paste-sites.txt'), 'pastes.example\n');
    const small = join(dir, 'small.kept');
    prepareCurated([tree], small);
    const [key, index] = [readFileSync(file).subarray(0, 64), readFileSync(small).subarray(64)];
    const mixed = join(dir, 'mixed');
    writeFileSync(mixed, Buffer.concat([key, index]));
    expect(digest(loadCurated(files, mixed))).toBe(digest(loadCurated(readTree([tree], ['.yaml', '.txt']), small)));
  });

  it.each([
    ['of other lists', (kept: Buffer) => Buffer.concat([Buffer.from('0'.repeat(64)), kept.subarray(64)])],
    ['with a byte changed', (kept: Buffer) => kept.fill(kept.readUInt8(5000) ^ 1, 5000, 5001)],
    ['cut short', (kept: Buffer) => kept.subarray(0, 9000)],
    ['empty', () => Buffer.alloc(0)],
  ])('are compiled where what is kept is %s', (_, broken) => {
    const bad = join(dir, 'bad');
    writeFileSync(bad, broken(readFileSync(file)));
    expect(digest(loadCurated(files, bad))).toBe(digest(compiled));
  });

  it('are compiled anew where a list says more', () => {
    const more = { path: 'lists/paste-sites/more.txt', text: 'one-more-host.net\n' };
    const host = parseHost('one-more-host.net');
    const lookup = (of: ReturnType<typeof loadCurated>) => of.ok && host.ok && of.value.index.lookup(host.value);
    expect(lookup(loadCurated(files, file))).toEqual(['uncategorised']);
    expect(lookup(loadCurated([...files, more], file))).toEqual(['paste-sites']);
  });
});
