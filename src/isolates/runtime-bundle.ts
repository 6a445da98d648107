/**
 * Links the runtime's modules to the one script that a snapshot is made from. No bundler: the modules import each
 * other by relative path and plain names only, and the few libraries below by name, which is all that this understands;
 * anything else throws when it loads.
 */

import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engineDigest, preparedFile, readKept, writeKept } from '../store/prepared-files.ts';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'runtime');
const KEPT = preparedFile('runtime');
const ENTRY = 'boot.ts';
const IMPORT = /^import\s*\{([^}]*)\}\s*from\s*'(?:\.\/([a-z0-9-]+\.ts)|([a-z0-9-]+))';$/gm;
const EXPORT = /^export (?=(?:async )?(?:function\*?|class|const) ([A-Za-z_$][\w$]*))/gm;
/** The one export of a library that was bundled to one file. */
const LIBRARY_EXPORT = /export\s*\{([^}]*)\};?\s*$/;
const LEFT_OVER = /^(?:import|export)\b.*/m;

/**
 * Libraries that go into the snapshot: what they take from `globalThis` when they load is handed to them, as they load
 * before anything stands there, and as tool code may change it later.
 */
const LIBRARIES: Readonly<Record<string, { readonly needs: readonly string[]; readonly given: string }>> = {
  'web-streams-polyfill': {
    needs: ['dom-exception.ts', 'abort.ts'],
    given:
      "const globalThis = { DOMException: modules['dom-exception.ts'].DOMException }, queueMicrotask = undefined;\n" +
      "const { AbortController } = modules['abort.ts'];",
  },
};

interface LinkedModule {
  readonly file: string;
  readonly needs: readonly string[];
  readonly text: string;
}

/** The runtime's JavaScript as set-up kept it, of the very same sources, packages and runtime; linked anew where it did not. */
export function runtimeSource(file: string = KEPT): string {
  return readKept(file, runtimeKey())?.toString('utf8') ?? runtimeBundle();
}

/** Keeps it. Throws when it cannot be written. */
export function prepareRuntime(file: string = KEPT): void {
  if (readKept(file, runtimeKey()) === null) writeKept(file, runtimeKey(), Buffer.from(runtimeBundle()));
}

const runtimeKey = (): string => engineDigest('runtime');

/** JavaScript of the whole runtime: one strict function expression, called. */
export function runtimeBundle(folder: string = FOLDER): string {
  const linked: LinkedModule[] = [];
  const seen = new Map<string, 'open' | 'done'>();
  const visit = (file: string): void => {
    if (seen.get(file) === 'done') return;
    if (seen.get(file) === 'open') throw new Error(`runtime module \`${file}\` imports itself; break the cycle`);
    seen.set(file, 'open');
    const module = Object.hasOwn(LIBRARIES, file) ? linkLibrary(file) : linkModule(folder, file);
    for (const need of module.needs) visit(need);
    seen.set(file, 'done');
    linked.push(module);
  };
  visit(ENTRY);
  const body = linked.map((m) => `modules['${m.file}'] = (() => {\n${m.text}\n})();`).join('\n');
  return small(`(() => {\n'use strict';\nconst modules = Object.create(null);\n${body}\n})();\n`);
}

/** A comment that begins a line: JSDoc, or `//`. */
const COMMENT = /^[ \t]*(?:\/\*\*[\s\S]*?\*\/|\/\/.*)$/gm;
/** Also what is left where a type stood: no module writes three blanks itself. */
const BLANKS = /^[ \t]+|[ \t]+$|(?<= ) {2,}/gm;
const BEYOND_LATIN1 = /[^\0-\xff]/g;

/**
 * The source stands in the snapshot, which each isolate copies when it boots: without comments and blanks, and with
 * escapes for what would make V8 keep two bytes for every character.
 */
function small(source: string): string {
  return source
    .replace(COMMENT, '')
    .replace(BLANKS, '')
    .replace(/\n{2,}/g, '\n')
    .replace(BEYOND_LATIN1, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function linkModule(folder: string, file: string): LinkedModule {
  const source = stripTypeScriptTypes(readFileSync(join(folder, basename(file)), 'utf8'), { mode: 'strip' });
  const needs: string[] = [];
  const exported: string[] = [];
  const text = source
    .replace(IMPORT, (all, names: string, file: string | undefined, library: string | undefined) => {
      const from = file ?? library ?? '';
      if (file === undefined && !Object.hasOwn(LIBRARIES, from)) return all;
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

function linkLibrary(name: string): LinkedModule {
  const { needs, given } = LIBRARIES[name] as (typeof LIBRARIES)[string];
  const source = readFileSync(fileURLToPath(import.meta.resolve(name)), 'utf8');
  const names = LIBRARY_EXPORT.exec(source)?.[1];
  if (names === undefined) throw new Error(`library \`${name}\` does not end in its exports; it cannot be linked`);
  const exported = names.split(',').map((entry) => entry.trim().split(/\s+as\s+/));
  const handed = exported.map(([from, as = from]) => `${as}: ${from}`).join(', ');
  return { file: name, needs, text: `${given}\n${source.replace(LIBRARY_EXPORT, '')}\nreturn { ${handed} };` };
}
