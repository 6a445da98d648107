/** What an admission policy may not say although Cedar takes it: a permit of everything, and conditions that never hold. */

import { didYouMean } from '../core/nearest.ts';
import type { Problem } from '../core/result.ts';
import type { AdmissionPolicy } from './admission-policy.ts';

const CATCH_ALL = /\bpermit\s*\(\s*principal\s*,\s*action\s*,/;
const NEVER = /\bwhen\s*\{\s*false\s*\}|\bunless\s*\{\s*true\s*\}/;
const RISK = /context\.risk\s*(<=|>=|==|<|>)\s*([0-9]+)/g;

export function admissionProblems(admission: AdmissionPolicy, classes: ReadonlyMap<string, unknown>): Problem[] {
  return Object.entries(admission.policies).flatMap(([id, text]) => {
    const place = admission.places.get(id) ?? { file: 'policy', line: 0 };
    const bare = text.replace(/\/\/.*$/gm, '');
    return [...clausesOf(bare, classes)].map((clause) => ({
      ...place,
      column: 1,
      message: `policy \`${id}\`: ${clause}`,
    }));
  });
}

function* clausesOf(text: string, classes: ReadonlyMap<string, unknown>): Generator<string> {
  if (CATCH_ALL.test(text)) yield 'a permit of every action is a catch-all; name the action';
  if (NEVER.test(text)) yield 'its condition never holds, so it is unreachable; remove it';
  if (neverRisk(text)) yield 'no risk meets its condition, so it is unreachable; correct the bounds';
  for (const [, name = ''] of text.matchAll(/context\.class\s*[!=]=\s*"([^"]*)"/g)) {
    if (!classes.has(name)) yield `class \`${name}\` is not defined; ${didYouMean(name, classes.keys())}`;
  }
}

/** Only for one `when` of conjunctions; anything else may hold. */
function neverRisk(text: string): boolean {
  const [, condition = '', more] = /\bwhen\s*\{([^}]*)\}(.*)/s.exec(text) ?? [];
  if (condition.includes('||') || /!\s*\(|\bif\b/.test(condition) || more === undefined) return false;
  let least = 0;
  let most = 100;
  for (const [, sign = '', digits = ''] of condition.matchAll(RISK)) {
    const bound = Number(digits);
    if (sign === '>=' || sign === '==') least = Math.max(least, bound);
    if (sign === '>') least = Math.max(least, bound + 1);
    if (sign === '<=' || sign === '==') most = Math.min(most, bound);
    if (sign === '<') most = Math.min(most, bound - 1);
  }
  return least > most;
}
