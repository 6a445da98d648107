// Builds the console: one script, one style sheet, its page and its icon, written to src/console/built/ and shipped
// with the source, so that a gate needs no tool and no network to serve it. A test builds it again and compares.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const SOURCE = fileURLToPath(new URL('../src/console/', import.meta.url));

/** In the order in which they stand above one another. */
const STYLES = ['1-base.css', '2-frame.css', '3-content.css', '4-controls.css', '5-pieces.css', '6-narrow.css'];

/** Texts by name. The same sources always give the same texts. */
export async function buildConsole() {
  const bundle = await rolldown({ input: `${SOURCE}app.ts`, treeshake: true, platform: 'browser', logLevel: 'warn' });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  const [script, ...more] = output;
  if (more.length > 0)
    throw new Error(`the console must be one script; ${more.map((one) => one.fileName).join(', ')} came beside it`);
  const read = (name) => readFileSync(`${SOURCE}${name}`, 'utf8');
  return new Map([
    ['console.css', STYLES.map((name) => tight(read(`styles/${name}`))).join('')],
    ['console.js', script.code],
    ['icon.svg', read('icon.svg')],
    ['index.html', read('index.html')],
  ]);
}

/** Without comments and indentation. */
function tight(css) {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\n\s+/g, '\n')
    .replace(/\n{2,}/g, '\n')
    .trimStart();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const to = `${SOURCE}built/`;
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const [name, text] of await buildConsole()) writeFileSync(`${to}${name}`, text);
}
