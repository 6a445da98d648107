/** Around each test file, also where several share a process and read their helpers once. */

import { afterAll } from 'vitest';
import { removeTemporaryDirs } from './record/temporary-dir.ts';

// Whoever has one open closes it in hooks of its own, which are named later and so run before.
afterAll(removeTemporaryDirs);
