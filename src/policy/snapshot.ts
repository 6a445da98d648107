/** What one decision is made under: compiled once, frozen, swapped by one assignment, captured once per exchange. */

import type { Controls } from '../core/controls.ts';
import type { CategorySource } from '../core/ports.ts';
import type { Bundle } from './bundle/bundle.ts';

export interface Snapshot {
  readonly bundle: Bundle;
  readonly controls: Controls;
  readonly categories: CategorySource;
}

export interface PolicySource {
  current(): Snapshot;
}
