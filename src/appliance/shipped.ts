/** Where the files are that ship with the program. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/schema.ts';
import type { RevisionRoots } from '../control/load-revision.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const VERSION: string = (JSON.parse(readFileSync(at('package.json'), 'utf8')) as { version: string }).version;

/** The directories of a configuration, or the shipped ones. */
export function rootsOf(config: Pick<Config, 'rules' | 'categories'>): RevisionRoots {
  return { rules: [config.rules ?? at('rules')], categories: [config.categories ?? at('categories')] };
}
