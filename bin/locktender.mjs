// What Node runs first, in plain JavaScript: with types to take away it would read its TypeScript parser at each start, which
// takes longer than most commands. What it makes of the other sources is kept beside the packages, which whoever can change
// the program can change too. Where that may not be written, each start does it again.
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/locktender/code', import.meta.url)));
await import('../src/main.ts');
