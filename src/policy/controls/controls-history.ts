/**
 * The controls of every version, folded from the log's own change events. The log may hold decisions a little before or
 * after the change that they were made under, so the last versions are kept, and what is ahead of them can be told.
 */

import { type Controls, NO_CONTROLS } from '../../core/controls.ts';
import type { ControlChangedEvent } from '../../core/event.ts';
import { applyPatch } from './control-patch.ts';

/** Versions that are kept: decisions are recorded within moments of being made. */
const KEPT = 256;

export class ControlsHistory {
  readonly #kept = new Map<number, Controls>();
  #latest: Controls;

  /** `base`: the controls before the first event that will be fed. */
  constructor(base: Controls = NO_CONTROLS) {
    this.#latest = base;
    this.#kept.set(base.version, base);
  }

  get version(): number {
    return this.#latest.version;
  }

  /** The controls of a version; null when it was not reached, left out of the log, or is long past. */
  at(version: number): Controls | null {
    return this.#kept.get(version) ?? null;
  }

  /** False when changes are missing before this one: then its version stays unknown. A change seen before is skipped. */
  add(event: Pick<ControlChangedEvent, 'version' | 'patch'>): boolean {
    if (event.version <= this.#latest.version) return true;
    if (event.version !== this.#latest.version + 1) return false;
    this.#latest = applyPatch(this.#latest, event.patch);
    this.#kept.set(this.#latest.version, this.#latest);
    this.#kept.delete(this.#latest.version - KEPT);
    return true;
  }
}
