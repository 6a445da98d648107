/**
 * What may follow an anchor's text, as a small automaton over bytes: partial derivatives of the expression (Antimirov,
 * 1996), with large repeats loosened and the whole cut off where it grows too large. It accepts everything that can
 * still become a match; what it refuses can become none.
 */

import type { ByteSet } from './byte-set.ts';
import type { Node } from './syntax.ts';

const MOST_STATES = 96;
/** Copies of a repeated part that are asked for, and from how many on any number is allowed. */
const MOST_COPIES = 40;
const MOST_ALLOWED = 2;
const DEAD = 0;
const ACCEPT = 1;

/** What is still to be matched; null when nothing is: it accepts. */
interface Rest {
  readonly node: Node;
  readonly next: Rest | null;
  /** The same for the same node before the same rest. */
  readonly id: number;
}

interface Step {
  readonly has: Uint8Array;
  readonly to: Rest | null;
}

/** A row of 256 next states for each state: 0 refuses, 1 accepts, 2 is the first. Null when it would refuse nothing. */
export function automatonAfter(nodes: readonly Node[]): Uint8Array | null {
  return new Builder().build(nodes);
}

class Builder {
  readonly #rests = new Map<Rest | null, Map<Node, Rest>>();
  #count = 0;
  readonly #states = new Map<string, number>();
  readonly #waiting: (readonly Rest[])[] = [];
  readonly #rows: Uint8Array[] = [];

  build(nodes: readonly Node[]): Uint8Array | null {
    const start = this.#closure(nodes.reduceRight<Rest | null>((rest, node) => this.#before(node, rest), null));
    if (start === null || this.#stateOf(start) !== 2) return null;
    for (let i = 0; i < this.#waiting.length; i += 1) this.#rows.push(this.#row(this.#waiting[i] as readonly Rest[]));
    const table = new Uint8Array((this.#rows.length + 2) * 256);
    this.#rows.forEach((row, i) => {
      table.set(row, (i + 2) * 256);
    });
    return table;
  }

  #before(node: Node, next: Rest | null): Rest {
    let before = this.#rests.get(next);
    if (before === undefined) {
      before = new Map();
      this.#rests.set(next, before);
    }
    let rest = before.get(node);
    if (rest === undefined) {
      rest = { node, next, id: this.#count++ };
      before.set(node, rest);
    }
    return rest;
  }

  /** Rests that begin with a set of bytes; null when one is at its end. */
  #closure(rest: Rest | null): Rest[] | null {
    const out = new Map<number, Rest>();
    return this.#open(rest, out, new Set()) ? null : [...out.values()];
  }

  /** Whether the end can be reached without a byte. */
  #open(rest: Rest | null, out: Map<number, Rest>, seen: Set<number>): boolean {
    if (rest === null) return true;
    if (seen.has(rest.id)) return false;
    seen.add(rest.id);
    const { node, next } = rest;
    switch (node.kind) {
      case 'set':
        out.set(rest.id, rest);
        return false;
      case 'edge':
        if (node.of !== 'end') return this.#open(next, out, seen);
        // No byte may follow; who meets the end of the text, passes.
        out.set(rest.id, rest);
        return false;
      case 'cat':
        return this.#open(
          node.parts.reduceRight<Rest | null>((all, part) => this.#before(part, all), next),
          out,
          seen,
        );
      case 'alt':
        return node.parts.map((part) => this.#open(this.#before(part, next), out, seen)).includes(true);
      case 'repeat':
        return this.#openRepeat(node, next, out, seen);
    }
  }

  #openRepeat(node: Node & { kind: 'repeat' }, next: Rest | null, out: Map<number, Rest>, seen: Set<number>): boolean {
    if (node.max === 0) return this.#open(next, out, seen);
    // Beyond so many copies nothing is told apart any more.
    if (node.min > MOST_COPIES) {
      const copies: Node = this.#copies(node.part, MOST_COPIES);
      return this.#open(this.#before(copies, null), out, seen);
    }
    const ended = node.min === 0 && this.#open(next, out, seen);
    const again = this.#less(node);
    return this.#open(this.#before(node.part, again === null ? next : this.#before(again, next)), out, seen) || ended;
  }

  readonly #lessOf = new Map<Node, Node | null>();
  readonly #copiesOf = new Map<Node, Node>();

  /** The repeat after one of its copies. */
  #less(node: Node & { kind: 'repeat' }): Node | null {
    const known = this.#lessOf.get(node);
    if (known !== undefined) return known;
    const min = Math.max(0, node.min - 1);
    const max = node.max > MOST_ALLOWED ? Number.POSITIVE_INFINITY : node.max - 1;
    const same = min === node.min && max === node.max;
    const less: Node | null = max === 0 ? null : same ? node : { kind: 'repeat', part: node.part, min, max };
    this.#lessOf.set(node, less);
    return less;
  }

  #copies(part: Node, count: number): Node {
    const known = this.#copiesOf.get(part) ?? { kind: 'cat', parts: Array.from({ length: count }, () => part) };
    this.#copiesOf.set(part, known);
    return known;
  }

  #stateOf(rests: readonly Rest[]): number {
    const key = rests
      .map((rest) => rest.id)
      .sort((a, b) => a - b)
      .join();
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    if (this.#waiting.length >= MOST_STATES) return ACCEPT;
    const state = this.#waiting.length + 2;
    this.#states.set(key, state);
    this.#waiting.push(rests);
    return state;
  }

  #row(rests: readonly Rest[]): Uint8Array {
    const steps = rests.flatMap((rest) => this.#steps(rest));
    const row = new Uint8Array(256);
    // More than a number has bits for are not told apart.
    if (steps.length > 31) return row.fill(ACCEPT);
    const known = new Map<number, number>();
    for (let byte = 0; byte < 256; byte += 1) {
      let taken = 0;
      for (let i = 0; i < steps.length; i += 1) if ((steps[i] as Step).has[byte] === 1) taken |= 1 << i;
      let state = known.get(taken);
      if (state === undefined) {
        state = this.#after(steps.filter((_, i) => (taken & (1 << i)) !== 0));
        known.set(taken, state);
      }
      row[byte] = state;
    }
    return row;
  }

  #after(taken: readonly Step[]): number {
    if (taken.length === 0) return DEAD;
    const all = new Map<number, Rest>();
    for (const { to } of taken) {
      const closed = this.#closure(to);
      if (closed === null) return ACCEPT;
      for (const rest of closed) all.set(rest.id, rest);
    }
    return all.size === 0 ? DEAD : this.#stateOf([...all.values()]);
  }

  #steps({ node, next }: Rest): Step[] {
    if (node.kind !== 'set') return [];
    const { has, wide } = node.set;
    if (!wide) return [{ has, to: next }];
    // After the first byte of a character beyond ASCII any number of further ones: too much rather than too little.
    const ascii = has.map((flag, byte) => (byte < 128 ? flag : 0));
    const high = has.map((flag, byte) => (byte < 128 ? 0 : flag));
    return [
      { has: ascii, to: next },
      { has: high, to: next },
      { has: high, to: this.#before(CONTINUED, next) },
    ];
  }
}

const CONTINUED: Node = {
  kind: 'repeat',
  part: { kind: 'set', set: highBytes() },
  min: 1,
  max: Number.POSITIVE_INFINITY,
};

function highBytes(): ByteSet {
  return { has: Uint8Array.from({ length: 256 }, (_, byte) => (byte < 128 ? 0 : 1)), wide: false };
}
