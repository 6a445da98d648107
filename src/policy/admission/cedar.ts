/**
 * Cedar, read when it is first asked: its four megabytes of WebAssembly take longer to read than most commands run, and a
 * policy that set-up prepared is not checked again. The package reads itself from disk, whenever that is; nothing else here
 * does I/O.
 */

import { createRequire } from 'node:module';
import type * as Cedar from '@cedar-policy/cedar-wasm/nodejs';

let loaded: typeof Cedar | null = null;

export function cedar(): typeof Cedar {
  loaded ??= createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as typeof Cedar;
  return loaded;
}
