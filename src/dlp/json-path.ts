/** Places in JSON, and the patterns of places that a rule leaves alone (`allow.json_paths`). */

/** Keys and indices from the root. */
export type JsonPath = readonly (string | number)[];

/** `any`: one step whatever it is. `deep`: any number of steps. */
type Step = string | number | { readonly kind: 'any' | 'deep' };
export type PathPattern = readonly Step[];

const ANY = { kind: 'any' } as const;
const DEEP = { kind: 'deep' } as const;
/** Each is tried at every depth of a document: more of them multiply. */
const MOST_DEEP = 2;
const STEP =
  /(?<deep>\.\.)|\.(?<all>\*)|\.?(?<name>[\p{L}_$][\p{L}\p{N}_$-]*)|\[(?<every>\*)\]|\[(?<index>[0-9]{1,9})\]|\[(?:'(?<single>[^']*)'|"(?<double>[^"]*)")\]/uy;

/** `$.items[*].id`, `$..token`, `$['odd key']`; null when it is none. */
export function parsePathPattern(text: string): PathPattern | null {
  if (!text.startsWith('$')) return null;
  const steps: Step[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < text.length) {
    const at = STEP.lastIndex;
    const groups = STEP.exec(text)?.groups;
    // A name follows a dot, or the two dots of any depth.
    if (!groups || (groups['name'] !== undefined && text[at] !== '.' && steps.at(-1) !== DEEP)) return null;
    steps.push(stepOf(groups));
  }
  const depths = steps.filter((step) => step === DEEP).length;
  return steps.length === 0 || steps.at(-1) === DEEP || depths > MOST_DEEP ? null : steps;
}

function stepOf(groups: Readonly<Record<string, string | undefined>>): Step {
  if (groups['deep'] !== undefined) return DEEP;
  if (groups['all'] !== undefined || groups['every'] !== undefined) return ANY;
  if (groups['index'] !== undefined) return Number(groups['index']);
  return groups['name'] ?? groups['single'] ?? groups['double'] ?? '';
}

export function matchesPath(pattern: PathPattern, path: JsonPath): boolean {
  const [step, ...rest] = pattern;
  if (step === undefined) return path.length === 0;
  if (step === DEEP) return path.some((_, i) => matchesPath(rest, path.slice(i)));
  const [first, ...after] = path;
  return first !== undefined && (step === ANY || step === first) && matchesPath(rest, after);
}

/** A key that says what it names. Others may be values themselves, such as a token that keys a table. */
const TELLING = /^(?![A-Za-z_$-]*(?:[0-9][A-Za-z_$-]*){5})[A-Za-z_$][A-Za-z0-9_$-]{0,31}$/;

/** As a record shows it. INVARIANT: a key that could be a secret never stands in it (T-85). */
export function shownPath(path: JsonPath): string {
  return `$${path.map((step) => (typeof step === 'number' ? `[${step}]` : TELLING.test(step) ? `.${step}` : '[*]')).join('')}`;
}
