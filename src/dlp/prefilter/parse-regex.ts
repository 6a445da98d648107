/**
 * Reads RE2 syntax (https://github.com/google/re2/wiki/Syntax) into a tree. RE2 itself has compiled the text before, so
 * this reader may trust its form; what it does not know it refuses, and the rule then runs without a prefilter.
 */

import { type ByteSet, DIGIT, isLetter, negated, SPACE, setOf, union, WORD } from './byte-set.ts';
import { EMPTY, type Node } from './syntax.ts';

/** Null when it uses something that is not known here. */
export function parseRegex(text: string): Node | null {
  return parseWithGroups(text)?.tree ?? null;
}

/** The tree, and of it what each capturing group holds, the first at 0. */
export interface ParsedRegex {
  readonly tree: Node;
  readonly groups: readonly Node[];
}

export function parseWithGroups(text: string): ParsedRegex | null {
  try {
    const reader = new Reader(text);
    const tree = reader.alternation();
    return reader.done ? { tree, groups: reader.groups } : null;
  } catch (error) {
    if (error instanceof Unknown) return null;
    throw error;
  }
}

class Unknown extends Error {}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7 };
const CLASSES: Readonly<Record<string, ByteSet>> = {
  d: DIGIT,
  w: WORD,
  s: SPACE,
  D: negated(DIGIT),
  W: negated(WORD),
  S: negated(SPACE),
};
const LAST_CODE = 0x10ffff;

class Reader {
  readonly groups: Node[] = [];
  readonly #points: readonly string[];
  #at = 0;
  #fold = false;
  #dotAll = false;
  #lines = false;

  constructor(text: string) {
    this.#points = [...text];
  }

  get done(): boolean {
    return this.#at >= this.#points.length;
  }

  alternation(): Node {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    return parts.length === 1 ? (parts[0] ?? EMPTY) : { kind: 'alt', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (!this.done && this.#peek() !== '|' && this.#peek() !== ')') parts.push(this.#repeated());
    return parts.length === 1 ? (parts[0] ?? EMPTY) : { kind: 'cat', parts };
  }

  #repeated(): Node {
    let node = this.#atom();
    for (;;) {
      const range = this.#range();
      if (range === null) return node;
      this.#take('?');
      node = { kind: 'repeat', part: node, min: range[0], max: range[1] };
    }
  }

  /** `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`; a brace that is none of them stands for itself. */
  #range(): readonly [number, number] | null {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    const found = this.#peek() === '{' ? /^\{([0-9]+)(,([0-9]*))?\}/.exec(this.#rest(24)) : null;
    if (found === null) return null;
    this.#at += found[0].length;
    const min = Number(found[1]);
    if (found[2] === undefined) return [min, min];
    return [min, found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3])];
  }

  #atom(): Node {
    const c = this.#next();
    if (c === '(') return this.#group();
    if (c === '[') return this.#class();
    if (c === '.') return { kind: 'set', set: this.#dotAll ? setOf([[0, LAST_CODE]]) : negated(setOf([[10, 10]])) };
    if (c === '^' || c === '$') return this.#lineEdge(c);
    if (c === '\\') return this.#escape();
    if (c === '*' || c === '+' || c === '?' || c === ')') throw new Unknown();
    return this.#literal(c.codePointAt(0) ?? 0);
  }

  /** Under (?m) they stand at lines, which says little about what is beside them. */
  #lineEdge(c: '^' | '$'): Node {
    return { kind: 'edge', of: this.#lines ? 'unknown' : c === '^' ? 'start' : 'end' };
  }

  #group(): Node {
    const outer = { fold: this.#fold, dotAll: this.#dotAll, lines: this.#lines };
    let captures = true;
    if (this.#take('?')) {
      const found = /^(?:P?<\w+>|([imsU]*(?:-[imsU]+)?)([:)]))/.exec(this.#rest(80));
      if (found === null) throw new Unknown();
      this.#at += found[0].length;
      captures = found[1] === undefined;
      if (found[1] !== undefined) this.#flags(found[1]);
      // `(?i)`: for the rest of the group that it stands in.
      if (found[2] === ')') return EMPTY;
    }
    const number = this.groups.length;
    if (captures) this.groups.push(EMPTY);
    const node = this.alternation();
    if (captures) this.groups[number] = node;
    if (!this.#take(')')) throw new Unknown();
    this.#fold = outer.fold;
    this.#dotAll = outer.dotAll;
    this.#lines = outer.lines;
    return node;
  }

  #flags(text: string): void {
    const [on = '', off = ''] = text.split('-');
    if (on.includes('i')) this.#fold = true;
    if (on.includes('s')) this.#dotAll = true;
    if (on.includes('m')) this.#lines = true;
    if (off.includes('i')) this.#fold = false;
    if (off.includes('s')) this.#dotAll = false;
    if (off.includes('m')) this.#lines = false;
  }

  #escape(): Node {
    const c = this.#next();
    if (c === 'b' || c === 'B') return { kind: 'edge', of: c === 'b' ? 'word' : 'unknown' };
    if (c === 'A' || c === 'z') return { kind: 'edge', of: c === 'A' ? 'start' : 'end' };
    const known = CLASSES[c];
    if (known) return { kind: 'set', set: known };
    return this.#literal(this.#escapedCode(c));
  }

  /** The code point of an escape that stands for one character. */
  #escapedCode(c: string): number {
    if (c === 'x') {
      const found = /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(this.#rest(10));
      if (found === null) throw new Unknown();
      this.#at += found[0].length;
      return Number.parseInt(found[1] ?? found[2] ?? '', 16);
    }
    const special = ESCAPES[c];
    if (special !== undefined) return special;
    // Letters and digits that are left mean something that is not known here (\p, \Q, octal, …).
    if (/[0-9A-Za-z]/.test(c)) throw new Unknown();
    return c.codePointAt(0) ?? 0;
  }

  #literal(code: number): Node {
    if (code < 128) return { kind: 'set', set: setOf([[code, code]], this.#fold) };
    // Under (?i) its other case may have other bytes.
    if (this.#fold && hasCase(code)) return { kind: 'set', set: setOf([[code, code]], true) };
    const bytes = [...new TextEncoder().encode(String.fromCodePoint(code))];
    return { kind: 'cat', parts: bytes.map((byte): Node => ({ kind: 'set', set: single(byte) })) };
  }

  #class(): Node {
    const inverted = this.#take('^');
    let set = setOf([]);
    const ranges: [number, number][] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.done) throw new Unknown();
      const from = this.#classItem();
      if (typeof from !== 'number') {
        set = union(set, from);
        continue;
      }
      const dash = this.#peek() === '-' && this.#points[this.#at + 1] !== ']';
      if (dash) this.#at += 1;
      const to = dash ? this.#classItem() : from;
      if (typeof to !== 'number') throw new Unknown();
      ranges.push([from, to]);
    }
    this.#at += 1;
    return this.#classOf(set, ranges, inverted);
  }

  #classOf(named: ByteSet, ranges: readonly (readonly [number, number])[], inverted: boolean): Node {
    const written = inverted || this.#fold || named.wide ? null : encoded(ranges);
    if (written !== null) return withSet(written, union(named, setOf(ranges.filter(([from]) => from < 128))));
    const set = union(named, setOf(ranges, this.#fold));
    return { kind: 'set', set: inverted ? negated(set) : set };
  }

  #classItem(): number | ByteSet {
    const c = this.#next();
    if (c === '[' && this.#peek() === ':') throw new Unknown();
    if (c !== '\\') return c.codePointAt(0) ?? 0;
    const escaped = this.#next();
    return CLASSES[escaped] ?? this.#escapedCode(escaped);
  }

  #peek(): string | undefined {
    return this.#points[this.#at];
  }

  #rest(length: number): string {
    return this.#points.slice(this.#at, this.#at + length).join('');
  }

  #next(): string {
    const c = this.#points[this.#at];
    if (c === undefined) throw new Unknown();
    this.#at += 1;
    return c;
  }

  #take(c: string): boolean {
    if (this.#peek() !== c) return false;
    this.#at += 1;
    return true;
  }
}

function hasCase(code: number): boolean {
  const c = String.fromCodePoint(code);
  return c.toLowerCase() !== c || c.toUpperCase() !== c;
}

/** Ranges beyond ASCII as the bytes of their UTF-8; null when there are none, or too many to write out. */
function encoded(ranges: readonly (readonly [number, number])[]): Node[] | null {
  const wide = ranges.filter(([, to]) => to > 127);
  const size = wide.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  if (size === 0 || size > MOST_WRITTEN || wide.some(([from]) => from < 128)) return null;
  // By what comes before the last byte.
  const heads = new Map<string, { readonly bytes: readonly number[]; readonly last: Uint8Array }>();
  for (const [from, to] of wide) {
    for (let code = from; code <= to; code += 1) {
      const bytes = [...new TextEncoder().encode(String.fromCodePoint(code))];
      const last = bytes.pop() ?? 0;
      const head = heads.get(bytes.join()) ?? { bytes, last: new Uint8Array(256) };
      head.last[last] = 1;
      heads.set(bytes.join(), head);
    }
  }
  return [...heads.values()].map(({ bytes, last }): Node => {
    const parts = bytes.map((byte): Node => ({ kind: 'set', set: single(byte) }));
    return { kind: 'cat', parts: [...parts, { kind: 'set', set: { has: last, wide: false } }] };
  });
}

/** Code points of a class that are written out as bytes; beyond, any bytes beyond ASCII are taken to be possible. */
const MOST_WRITTEN = 512;

function withSet(parts: readonly Node[], ascii: ByteSet): Node {
  const all: readonly Node[] = ascii.has.includes(1) ? [{ kind: 'set', set: ascii }, ...parts] : parts;
  return all.length === 1 ? (all[0] ?? EMPTY) : { kind: 'alt', parts: all };
}

function single(byte: number): ByteSet {
  const has = new Uint8Array(256);
  has[byte] = 1;
  return { has, wide: false };
}

/** Whether (?i) could match it by a letter beyond ASCII: RE2 folds `k` with the Kelvin sign and `s` with the long s. */
export function foldsBeyondAscii(text: string): boolean {
  return /\(\?[a-zA-Z]*i/.test(text) && [...text].some((c) => isLetter(c.codePointAt(0) ?? 0));
}
