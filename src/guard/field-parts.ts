/**
 * Fields of a request as the guard looks at them. Who says the same fields again gives the same object again: what was found
 * out about them still holds then, and only the rest of the head is looked at.
 */

import { type GuardPart, type PartValues, partValues } from './part-values.ts';

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
    this.#values ??= partValues(this.parts);
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
