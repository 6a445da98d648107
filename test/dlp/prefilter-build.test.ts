/** The WebAssembly modules that ship are what their sources give: they can be neither stale nor anything else. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

it.each(['prefilter', 'survey'])('assembly/%s.ts gives its kernel-wasm.ts in src/dlp, byte for byte', (name) => {
  const built = execFileSync(process.execPath, [path('scripts/build-prefilter.mjs'), '--print', name], {
    encoding: 'utf8',
  });
  expect(built).toBe(readFileSync(path(`src/dlp/${name}/kernel-wasm.ts`), 'utf8'));
});
