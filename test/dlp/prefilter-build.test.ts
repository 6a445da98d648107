/** The WebAssembly module that ships is what its source gives: it can be neither stale nor anything else. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

it('assembly/prefilter.ts gives src/dlp/prefilter/kernel-wasm.ts, byte for byte', () => {
  const built = execFileSync(process.execPath, [path('scripts/build-prefilter.mjs'), '--print'], { encoding: 'utf8' });
  expect(built).toBe(readFileSync(path('src/dlp/prefilter/kernel-wasm.ts'), 'utf8'));
});
