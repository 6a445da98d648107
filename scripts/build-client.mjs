/**
 * `locktender/client` as a package hands it out: Node strips no types below `node_modules`, so the typed client is kept
 * as JavaScript and declarations in `client/`. `npm run build:client` writes both; a test compares the JavaScript.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCE = join(ROOT, 'src/gateway/client.ts');

/** The client's JavaScript; it imports nothing. */
export function clientJavaScript() {
  const plain = stripTypeScriptTypes(readFileSync(SOURCE, 'utf8'), { mode: 'strip' });
  const text = plain.replace(/[ \t]+$/gm, '').replace(/\n{3,}/g, '\n\n');
  if (/^import\b/m.test(text)) throw new Error('the client imports something at run time; it must not');
  return `// Made of src/gateway/client.ts by \`npm run build:client\`; do not change it here.\n${text}`;
}

function declarations(folder) {
  const options = [
    ...['--declaration', '--emitDeclarationOnly', '--outDir', folder, '--rootDir', join(ROOT, 'src'), '--strict'],
    ...[
      '--allowImportingTsExtensions',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--skipLibCheck',
      '--types',
      'node',
    ],
  ];
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const done = spawnSync(process.execPath, [tsc, '--ignoreConfig', SOURCE, ...options], { stdio: 'inherit' });
  if (done.status !== 0) process.exit(1);
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const path = join(folder, name);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/(from '\.[^']*)\.ts'/g, "$1.js'"));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const types = join(ROOT, 'client/types');
  rmSync(types, { recursive: true, force: true });
  mkdirSync(types, { recursive: true });
  declarations(types);
  writeFileSync(join(ROOT, 'client/index.js'), clientJavaScript());
}
