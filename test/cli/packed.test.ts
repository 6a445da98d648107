/** The program as npm packs it: without its lock file, and started by a link. */

import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { execute, temporaryDirectory } from '../journey/running-appliance.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());
const ROOT = join(import.meta.dirname, '../..');

it('compiles what set-up kept for another copy anew, and finds its files', async () => {
  const copy = join(directory.path, 'a copy');
  for (const name of ['bin', 'scripts', 'src', 'rules', 'categories', 'package.json']) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  // What set-up kept is there, and may not count: nothing says that these are the packages of then.
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  mkdirSync(join(directory.path, 'bin'));
  const program = join(directory.path, 'bin', 'locktender');
  symlinkSync(join(copy, 'bin', 'locktender'), program);
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' };
  const ran = await execute([program, 'policy', 'check'], { cwd: directory.path, env });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
});
