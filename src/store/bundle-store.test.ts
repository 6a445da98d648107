import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDir } from '../../test/record/temporary-dir.ts';
import { openBundleStore } from './bundle-store.ts';

const DIGEST = 'ab'.repeat(32);

it('keeps texts by digest, replaces a harmed one, and takes no path for a digest', async () => {
  const dir = temporaryDir();
  const store = openBundleStore(dir);
  expect(store.get(DIGEST)).toBeNull();
  await store.put(DIGEST, 'a bundle');
  await store.put(DIGEST, 'a bundle');
  expect(openBundleStore(dir).get(DIGEST)).toBe('a bundle');
  expect(store.digests()).toEqual([DIGEST]);
  const [name = ''] = readdirSync(dir);
  writeFileSync(join(dir, name), 'harmed');
  expect(store.get(DIGEST)).toBeNull();
  await store.put(DIGEST, 'a bundle');
  expect(store.get(DIGEST)).toBe('a bundle');
  expect(store.get('../../etc/passwd')).toBeNull();
  await expect(store.put('../x', '')).rejects.toThrow(/not a SHA-256/);
});
