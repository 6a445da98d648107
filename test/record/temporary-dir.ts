/** A directory for one test file, gone when its tests are done. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];

// Whoever had it open closes it in hooks of its own, which were named later and so run before.
afterAll(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
});

export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-test-'));
  made.push(dir);
  return dir;
}
