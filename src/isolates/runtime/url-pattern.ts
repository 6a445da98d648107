/**
 * `URLPattern`. The host, whose own is the standard's, reads a pattern and an input into the texts of their eight
 * components; what decides a match runs in here, as patterns hold regular expressions of the tool's.
 */

import { bridge, jsonText } from './bridge.ts';
import { dictionary } from './event.ts';
import { type Compiled, compileComponent } from './url-pattern-component.ts';

/** As the host gives them. */
const COMPONENTS = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'] as const;
type Component = (typeof COMPONENTS)[number];
/** Members of `URLPatternInit`, in the order in which Web IDL reads them. */
const MEMBERS = ['baseURL', 'hash', 'hostname', 'password', 'pathname', 'port', 'protocol', 'search', 'username'];
/** Of which the host gives the ninth: whether there are regular expressions in it. */
type Parts = readonly string[];
type Init = Readonly<Record<string, string>>;

interface PatternState {
  readonly parts: Parts;
  readonly compiled: Readonly<Record<Component, Compiled>>;
}

interface PatternOptions {
  readonly ignoreCase?: unknown;
}

const SPECIAL = ['http', 'https', 'ws', 'wss', 'ftp', 'file'];
const { defineProperty } = Object;
const states = new WeakMap<object, PatternState>();
const of = (pattern: object): PatternState => {
  const state = states.get(pattern);
  if (!state) throw new TypeError('the value is no URLPattern');
  return state;
};

export class URLPattern {
  constructor(...args: [unknown?, unknown?, unknown?]) {
    const { input, base, options } = constructorArguments(args);
    const { ignoreCase } = dictionary(options as PatternOptions | null | undefined);
    if (typeof input !== 'string' && base !== null) throw new TypeError('a base URL goes with a text only');
    const parts = bridge.current.serve('pattern', jsonText([input, base, Boolean(ignoreCase)])) as Parts | null;
    if (!parts) throw new TypeError('the pattern is not valid, or too long');
    states.set(this, { parts, compiled: compiledParts(parts, Boolean(ignoreCase)) });
  }

  get protocol(): string {
    return of(this).parts[0] as string;
  }
  get username(): string {
    return of(this).parts[1] as string;
  }
  get password(): string {
    return of(this).parts[2] as string;
  }
  get hostname(): string {
    return of(this).parts[3] as string;
  }
  get port(): string {
    return of(this).parts[4] as string;
  }
  get pathname(): string {
    return of(this).parts[5] as string;
  }
  get search(): string {
    return of(this).parts[6] as string;
  }
  get hash(): string {
    return of(this).parts[7] as string;
  }
  get hasRegExpGroups(): boolean {
    return of(this).parts[8] === 'true';
  }

  test(input: unknown = {}, baseURL?: unknown): boolean {
    return matched(of(this), input, baseURL) !== null;
  }

  exec(input: unknown = {}, baseURL?: unknown): object | null {
    const state = of(this);
    const found = matched(state, input, baseURL);
    if (!found) return null;
    const result: Record<string, unknown> = {};
    for (const name of ['hash', 'hostname', 'inputs', ...MEMBERS.slice(3)])
      result[name] = name === 'inputs' ? found.inputs : found.results[name as Component];
    return result;
  }
}

/** Web IDL: a text in the second place is a base URL, an object is options; with three there is no doubt. */
function constructorArguments(args: readonly unknown[]) {
  const [first, second, third] = args;
  const input = inputOf(first === undefined ? {} : first);
  const based = args.length > 2 || (second !== undefined && second !== null && !isObject(second));
  if (!based) return { input, base: null, options: second };
  return { input, base: String(second).toWellFormed(), options: third };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' || typeof value === 'function';
}

function inputOf(value: unknown): string | Init {
  if (value !== null && !isObject(value)) return String(value).toWellFormed();
  const given = dictionary(value as Record<string, unknown> | null);
  const init: Record<string, string> = { __proto__: null } as object as Record<string, string>;
  for (const member of MEMBERS) {
    const part = given[member];
    if (part !== undefined) init[member] = String(part).toWellFormed();
  }
  return init;
}

/** URL Pattern, "create": the path of a URL of another kind has no segments. */
function compiledParts(parts: Parts, ignoreCase: boolean): PatternState['compiled'] {
  const plain = { delimiter: '', prefix: '', ignoreCase: false };
  const protocol = compileComponent(parts[0] as string, plain);
  const segments = SPECIAL.some((scheme) => protocol.match(scheme) !== null);
  const marks = { hostname: '.', pathname: segments ? '/' : '' } as Readonly<Record<string, string>>;
  const made = { protocol } as Record<Component, Compiled>;
  for (const [at, name] of COMPONENTS.entries()) {
    if (at === 0) continue;
    const delimiter = marks[name] ?? '';
    const prefix = name === 'pathname' ? delimiter : '';
    made[name] = compileComponent(parts[at] as string, { delimiter, prefix, ignoreCase: ignoreCase && at > 4 });
  }
  return made;
}

interface Match {
  readonly inputs: unknown[];
  readonly results: Readonly<Record<Component, { readonly groups: object; readonly input: string }>>;
}

/** URL Pattern, "match"; null also for an input that is no URL. */
function matched({ compiled }: PatternState, given: unknown, baseURL: unknown): Match | null {
  const input = inputOf(given);
  const base = baseURL === undefined ? null : String(baseURL).toWellFormed();
  if (typeof input !== 'string' && base !== null) throw new TypeError('a base URL goes with a text only');
  const parts = bridge.current.serve('pattern-input', jsonText([input, base])) as Parts | null;
  if (!parts) return null;
  const results = {} as Record<Component, Match['results'][Component]>;
  for (const [at, name] of COMPONENTS.entries()) {
    const text = parts[at] as string;
    const found = compiled[name].match(text);
    if (found === null) return null;
    const groups = {};
    for (const [key, value] of found)
      defineProperty(groups, key, { value, writable: true, enumerable: true, configurable: true });
    results[name] = { groups, input: text };
  }
  const shown = typeof input === 'string' ? input : { ...input };
  return { inputs: base === null ? [shown] : [shown, base], results };
}
