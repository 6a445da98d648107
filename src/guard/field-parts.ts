/**
 * Fields of a request as the guard looks at them. Who says the same fields again gives the same object again: what was found
 * out about them still holds then, and only the rest of the head is looked at.
 */

import { type GuardPart, type PartValue, type PartValues, partValues } from './part-values.ts';

export class FieldParts {
  readonly parts: readonly GuardPart[];
  /** Characters of all of them. */
  readonly length: number;
  #values: PartValues | undefined;
  /** Under which rules, and where, they held nothing. */
  #cleanBy: object | null = null;
  #cleanAt = '';

  constructor(parts: readonly GuardPart[]) {
    this.parts = parts;
    this.length = parts.reduce((sum, { text }) => sum + text.length, 0);
  }

  get values(): PartValues {
    this.#values ??= owned(partValues(this.parts));
    return this.#values;
  }

  isClean(by: object, at: string): boolean {
    return this.#cleanBy === by && this.#cleanAt === at;
  }

  /** `by` are the rules, `at` whatever else an answer depends on. */
  heldNothing(by: object, at: string): void {
    this.#cleanBy = by;
    this.#cleanAt = at;
  }
}

/** A piece of Node's pool would hold 64 KB of it, for as long as a connection waits (T-48). */
function owned({ words, listed }: PartValues): PartValues {
  const all = [...words, ...listed];
  if (all.length === 0) return { words, listed };
  const room = Buffer.allocUnsafeSlow(all.reduce((sum, { value }) => sum + value.length, 0));
  let at = 0;
  const copied = (one: PartValue): PartValue => {
    const value = room.subarray(at, at + one.value.length);
    value.set(one.value);
    at += value.length;
    return { ...one, value };
  };
  return { words: words.map(copied), listed: listed.map(copied) };
}
