/** What `URLPattern` inside an isolate asks: patterns and inputs read by Node's own, never matched here. */

const COMPONENTS = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'] as const;
/** Characters, as JSON: Node's reader takes time by the square of them, which holds the whole host. */
const MAX_PATTERN = 4096;
const everything = new URLPattern();

type Init = Record<string, string>;

/** The eight components in that order, and whether there are regular expressions in them; null when it is no pattern. */
export function readPattern(json: string): readonly string[] | null {
  if (json.length > MAX_PATTERN) return null;
  const [input, base, ignoreCase] = JSON.parse(json) as [string | Init, string | null, boolean];
  const options = { ignoreCase };
  const made = base === null ? new URLPattern(input, options) : new URLPattern(input as string, base, options);
  return [...COMPONENTS.map((name) => made[name]), String(made.hasRegExpGroups)];
}

/** The eight components of a URL, or of parts of one, as a pattern that takes everything sees them. */
export function readPatternInput(json: string): readonly string[] | null {
  const [input, base] = JSON.parse(json) as [string | Init, string | null];
  const found = base === null ? everything.exec(input) : everything.exec(input, base);
  return found && COMPONENTS.map((name) => found[name].input);
}
