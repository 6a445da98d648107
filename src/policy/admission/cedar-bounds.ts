/**
 * Bounds on Cedar text before the engine sees it. The engine parses and validates by recursion on a fixed stack: a few
 * hundred nested brackets or chained operators overflow it, and an instance that overflowed is of no use afterwards, so
 * that one bad file would end admission in a running appliance. Measured with 4.13: 300 brackets or 1,000 operators break
 * it, 100 and 300 do not, alone; both bounds together stay below that.
 */

/** Brackets open at once. */
const DEEPEST = 40;
/** Operators and accesses that one statement may chain. */
const LONGEST = 160;

export interface TooDeep {
  /** Offset in UTF-16 units. */
  readonly at: number;
  readonly message: string;
}

/** Strings and comments hold neither brackets nor operators. A broken string runs to the end; the engine says so. */
const TOKEN =
  /\/\/[^\n]*|"(?:[^"\\]|\\.)*(?:"|$)|[([{<]|[)\]}>]|;|&&|\|\||[+*.-]|\b(?:if|then|else|in|is|has|like)\b/gs;

/** What a token does to the depth and to the chain; strings, comments and lone angles do nothing. */
const STEPS: Readonly<Record<string, readonly [depth: number, chained: number]>> = {
  '(': [1, 0],
  '{': [1, 0],
  // An index is an access like a dot.
  '[': [1, 1],
  ')': [-1, 0],
  '}': [-1, 0],
  ']': [-1, 0],
};
const ANGLES: typeof STEPS = { '<': [1, 0], '>': [-1, 0] };
const OPERATOR = [0, 1] as const;
const NOTHING = [0, 0] as const;

/** Null when the engine may read it. */
export function tooDeep(text: string, kind: 'policy' | 'schema'): TooDeep | null {
  let depth = 0;
  let chained = 0;
  for (const { 0: token, index: at } of text.matchAll(TOKEN)) {
    if (token === ';') [depth, chained] = [0, 0];
    const [deeper, longer] = stepOf(token, kind);
    depth += deeper;
    chained += longer;
    if (depth > DEEPEST) return { at, message: `more than ${DEEPEST} brackets are open here; nest less` };
    if (chained > LONGEST && kind === 'policy')
      return { at, message: `the statement chains more than ${LONGEST} operators; split it, or compare with a set` };
  }
  return null;
}

function stepOf(token: string, kind: 'policy' | 'schema'): readonly [number, number] {
  if (token.startsWith('"') || token.startsWith('//') || token === ';') return NOTHING;
  if (token === '<' || token === '>') return kind === 'schema' ? (ANGLES[token] ?? NOTHING) : NOTHING;
  return STEPS[token] ?? OPERATOR;
}
