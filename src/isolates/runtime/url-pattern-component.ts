/**
 * One component of a `URLPattern`: its pattern, which the host checked and wrote in its shortest form, as a regular
 * expression (URL Pattern standard, sections 2.1 and 2.2).
 */

export interface ComponentOptions {
  /** Ends a segment; empty when there are none. */
  readonly delimiter: string;
  /** Belongs to the group behind it. */
  readonly prefix: string;
  readonly ignoreCase: boolean;
}

export interface Compiled {
  /** Names of groups with what they matched; null when nothing did. */
  match(text: string): readonly (readonly [string, string | undefined])[] | null;
}

type Kind = 'open' | 'close' | 'regexp' | 'name' | 'char' | 'escaped' | 'modifier' | 'asterisk';

interface Token {
  readonly kind: Kind;
  readonly value: string;
}

/** A group by name, by its expression, or by both. */
interface Group {
  readonly name: Token | null;
  readonly expression: Token | null;
}

interface Part {
  /** Null: fixed text, which is then all in `prefix`. */
  readonly name: string | null;
  readonly expression: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly modifier: string;
}

const SPECIAL: Readonly<Record<string, Kind>> = {
  ...{ '*': 'asterisk', '+': 'modifier', '?': 'modifier', '{': 'open', '}': 'close' },
};
const NAME = /[$_\p{ID_Start}](?:[$_\u200c\p{ID_Continue}]|\u200d)*/uy;
const { apply } = Reflect;
const { exec } = RegExp.prototype;
const escaped = (text: string): string => text.replace(/[.+*?^${}()[\]|/\\]/g, '\\$&');

/** The whole of a group from its bracket on; brackets inside may be escaped or nested. */
function groupEnd(pattern: string, from: number): number {
  let depth = 0;
  for (let at = from; at < pattern.length; at += 1) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern[at] === '(') depth += 1;
    else if (pattern[at] === ')') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  throw new TypeError('a group does not end');
}

function nameAt(pattern: string, at: number): string {
  NAME.lastIndex = at;
  const found = apply(exec, NAME, [pattern]);
  if (!found) throw new TypeError('a group has no name');
  return found[0];
}

function tokens(pattern: string): Token[] {
  const out: Token[] = [];
  for (let at = 0; at < pattern.length; ) {
    const point = String.fromCodePoint(pattern.codePointAt(at) as number);
    const kind = SPECIAL[point];
    let size = point.length;
    if (kind !== undefined) out.push({ kind, value: point });
    else if (point === '\\') {
      const value = String.fromCodePoint(pattern.codePointAt(at + 1) as number);
      out.push({ kind: 'escaped', value });
      size += value.length;
    } else if (point === ':') {
      const value = nameAt(pattern, at + 1);
      out.push({ kind: 'name', value });
      size += value.length;
    } else if (point === '(') {
      const end = groupEnd(pattern, at);
      out.push({ kind: 'regexp', value: pattern.slice(at + 1, end) });
      size = end + 1 - at;
    } else out.push({ kind: 'char', value: point });
    at += size;
  }
  return out;
}

/** "Parse a pattern string", of a pattern that is known to be one. */
class ComponentParser {
  readonly #tokens: readonly Token[];
  readonly #options: ComponentOptions;
  readonly #parts: Part[] = [];
  #at = 0;
  #fixed = '';
  #numbers = 0;

  constructor(pattern: string, options: ComponentOptions) {
    this.#tokens = tokens(pattern);
    this.#options = options;
  }

  #take(...kinds: readonly Kind[]): Token | null {
    const token = this.#tokens[this.#at];
    if (token === undefined || !kinds.includes(token.kind)) return null;
    this.#at += 1;
    return token;
  }

  #text(): string {
    let text = '';
    for (let token = this.#take('char', 'escaped'); token; token = this.#take('char', 'escaped')) text += token.value;
    return text;
  }

  #flush(): void {
    if (this.#fixed !== '')
      this.#parts.push({ name: null, expression: '', prefix: this.#fixed, suffix: '', modifier: '' });
    this.#fixed = '';
  }

  /** A wildcard only where neither a name nor an expression stands. */
  #group(): Group {
    const name = this.#take('name');
    const expression = this.#take('regexp') ?? (name ? null : this.#take('asterisk'));
    return { name, expression };
  }

  #add(prefix: string, { name, expression }: Group, suffix: string): void {
    const modifier = this.#take('modifier', 'asterisk')?.value ?? '';
    if (!name && !expression && modifier === '') {
      this.#fixed += prefix;
      return;
    }
    this.#flush();
    if (!name && !expression) {
      if (prefix !== '') this.#parts.push({ name: null, expression: '', prefix, suffix: '', modifier });
      return;
    }
    const segment = `[^${escaped(this.#options.delimiter)}]+?`;
    const text = expression === null ? segment : expression.kind === 'asterisk' ? '.*' : expression.value;
    this.#parts.push({
      ...{ name: name ? name.value : String(this.#numbers++), expression: text, prefix, suffix, modifier },
    });
  }

  parts(): readonly Part[] {
    while (this.#at < this.#tokens.length) {
      const char = this.#take('char');
      const group = this.#group();
      if (group.name || group.expression) this.#prefixed(char?.value ?? '', group);
      else if (char) this.#fixed += char.value;
      else if (!this.#braced()) this.#fixed += this.#take('escaped')?.value ?? fault();
    }
    this.#flush();
    return this.#parts;
  }

  #prefixed(char: string, group: Group): void {
    const own = char === this.#options.prefix ? char : '';
    if (own === '') this.#fixed += char;
    this.#flush();
    this.#add(own, group, '');
  }

  #braced(): boolean {
    if (!this.#take('open')) return false;
    const prefix = this.#text();
    const group = this.#group();
    const suffix = this.#text();
    if (!this.#take('close')) fault();
    this.#add(prefix, group, suffix);
    return true;
  }
}

function fault(): never {
  throw new TypeError('the pattern is not valid');
}

/** "Generate a regular expression and name list", of one part. */
function expressionOf({ name, expression, prefix, suffix, modifier }: Part): string {
  const [before, behind] = [escaped(prefix), escaped(suffix)];
  if (name === null) return modifier === '' ? before : `(?:${before})${modifier}`;
  const once = modifier === '' || modifier === '?';
  if (prefix === '' && suffix === '') return once ? `(${expression})${modifier}` : `((?:${expression})${modifier})`;
  if (once) return `(?:${before}(${expression})${behind})${modifier}`;
  const more = `(?:${before}((?:${expression})(?:${behind}${before}(?:${expression}))*)${behind})`;
  return modifier === '*' ? `${more}?` : more;
}

/** Throws a `SyntaxError` for an expression that is none. */
export function compileComponent(pattern: string, options: ComponentOptions): Compiled {
  const parts = new ComponentParser(pattern, options).parts();
  const names = parts.flatMap(({ name }) => (name === null ? [] : [name]));
  const source = parts.map(expressionOf).join('');
  const expression = new RegExp(`^${source}$`, options.ignoreCase ? 'vi' : 'v');
  return {
    match: (text) => {
      const found = apply(exec, expression, [text]) as RegExpExecArray | null;
      return found && names.map((name, i) => [name, found[i + 1]] as const);
    },
  };
}
