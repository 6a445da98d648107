import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'trust files-'));
afterAll(() => rmSync(dir, { recursive: true }));

const MODULE = new URL('./trust-files.ts', import.meta.url).pathname;
const WRITE = `import { writeTrustFiles } from ${JSON.stringify(MODULE)};
for (let i = 0; i < 30; i += 1) writeTrustFiles(${JSON.stringify(dir)}, 'own', 0);`;

it('are whole however many shells are set up at once, and leave nothing beside them', async () => {
  const writers = Array.from({ length: 3 }, () =>
    spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', WRITE], {
      stdio: 'inherit',
    }),
  );
  const codes = await Promise.all(writers.map(async (writer) => (await once(writer, 'exit'))[0] as number));
  expect(codes).toEqual([0, 0, 0]);
  expect(readdirSync(dir).sort()).toEqual(['apt.conf', 'bundle.pem', 'ca.pem', 'php.d', 'trust.jks', 'wgetrc']);
  expect(readFileSync(join(dir, 'bundle.pem'), 'utf8')).toMatch(/\n# Locktender\nown\n$/);
  expect(readFileSync(join(dir, 'php.d/locktender.ini'), 'utf8')).toContain(`curl.cainfo="${dir}/bundle.pem"`);
});
