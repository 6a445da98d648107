/** A match that begins at one place, or none: RE2 gives up where nothing can become of it any more. */

import RE2 from 're2';
import type { CompiledRule } from './compiled-rule.ts';

const sticky = new WeakMap<CompiledRule, RE2>();

/** Where the match that begins at `at` ends; -1 where none does. Its expression is compiled once it is needed. */
export function matchEnd(rule: CompiledRule, text: Buffer, at: number): number {
  let regex = sticky.get(rule);
  if (regex === undefined) {
    regex = new RE2(rule.spec.regex, 'y');
    sticky.set(rule, regex);
  }
  regex.lastIndex = at;
  return regex.test(text) ? regex.lastIndex : -1;
}
