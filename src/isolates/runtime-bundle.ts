/**
 * Links the runtime's modules to the one script that a snapshot is made from. No bundler: the modules import each
 * other by relative path and plain names only, which is all that this understands; anything else throws when it loads.
 */

import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'runtime');
const ENTRY = 'boot.ts';
const IMPORT = /^import\s*\{([^}]*)\}\s*from\s*'\.\/([a-z0-9-]+\.ts)';$/gm;
const EXPORT = /^export (?=(?:async )?(?:function\*?|class|const) ([A-Za-z_$][\w$]*))/gm;
const LEFT_OVER = /^(?:import|export)\b.*/m;

interface LinkedModule {
  readonly file: string;
  readonly needs: readonly string[];
  readonly text: string;
}

/** JavaScript of the whole runtime: one strict function expression, called. */
export function runtimeBundle(folder: string = FOLDER): string {
  const linked: LinkedModule[] = [];
  const seen = new Map<string, 'open' | 'done'>();
  const visit = (file: string): void => {
    if (seen.get(file) === 'done') return;
    if (seen.get(file) === 'open') throw new Error(`runtime module \`${file}\` imports itself; break the cycle`);
    seen.set(file, 'open');
    const module = linkModule(folder, file);
    for (const need of module.needs) visit(need);
    seen.set(file, 'done');
    linked.push(module);
  };
  visit(ENTRY);
  const body = linked.map((m) => `modules['${m.file}'] = (() => {\n${m.text}\n})();`).join('\n');
  return `(() => {\n'use strict';\nconst modules = Object.create(null);\n${body}\n})();\n`;
}

function linkModule(folder: string, file: string): LinkedModule {
  const source = stripTypeScriptTypes(readFileSync(join(folder, basename(file)), 'utf8'), { mode: 'strip' });
  const needs: string[] = [];
  const exported: string[] = [];
  const text = source
    .replace(IMPORT, (_all, names: string, from: string) => {
      needs.push(from);
      return `const {${names.replace(/\bas\b/g, ':')}} = modules['${from}'];`;
    })
    .replace(EXPORT, (_all, name: string) => {
      exported.push(name);
      return '';
    });
  const left = LEFT_OVER.exec(text);
  if (left)
    throw new Error(`runtime module \`${file}\`: \`${left[0]}\` cannot be linked; use named imports and exports`);
  return { file, needs, text: `${text}\nreturn { ${exported.join(', ')} };` };
}
