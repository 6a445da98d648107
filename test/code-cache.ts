/** Before each test file: threads that it starts read what Node made of the sources where those of the program do. */

import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/locktender/code', import.meta.url)));
