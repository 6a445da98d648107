/** Which Node the scripts take, among that of the machine and our own. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { temporaryDirectory } from '../journey/running-appliance.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());
const SCRIPT = join(import.meta.dirname, '../../scripts/node24.sh');

/** Something that says it is that version of Node. */
function node(folder: string, version: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'node'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
}

interface Machine {
  readonly own: string;
  readonly ours?: string;
  /** What the packages were installed with. */
  readonly installed?: string;
  readonly asked?: string;
}

it.each<[string, Machine, RegExp]>([
  ['ours first', { own: 'v24.11.0', ours: 'v24.0.0', installed: 'v24.11.0' }, /node-ours\/bin$/],
  ['that of the machine where we have none', { own: 'v26.1.0' }, /\/own$/],
  [
    'ours where the packages know no other',
    { own: 'v26.1.0', ours: 'v24.0.0', installed: 'v24.0.0' },
    /node-ours\/bin$/,
  ],
  [
    'none that they do not know',
    { own: 'v26.1.0', installed: 'v24.0.0' },
    /with Node 24, and this machine has v26\.1\.0$/,
  ],
  ['any for set-up', { own: 'v26.1.0', installed: 'v24.0.0', asked: 'any' }, /\/own$/],
  ['none that is too old', { own: 'v20.1.0', asked: 'any' }, /^Node 24 or newer is needed, and .* has v20\.1\.0$/],
])('takes %s', (what, { own, ours, installed, asked = '' }, expected) => {
  const root = join(directory.path, what);
  const bin = join(root, 'own');
  node(bin, own);
  if (ours) node(join(root, 'toolchain/node_modules/node-ours/bin'), ours);
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  if (installed) writeFileSync(join(root, 'node_modules/.locktender-lock'), `1 2\n${installed}\n`);
  const line = `set -eu; . "${SCRIPT}"; find_node24 ${asked} && echo "$NODE24_DIR" || echo "$NODE24_WHY"`;
  const env = { PATH: `${bin}:/usr/bin:/bin`, LOCKTENDER_ROOT: root };
  expect(execFileSync('/bin/sh', ['-c', line], { env, encoding: 'utf8' }).trim()).toMatch(expected);
});
