/** A meter whose readings are taken elsewhere: counted here, handed over now and then. */

import type { Meter } from '../../core/ports.ts';

export type Metered =
  | {
      readonly kind: 'count' | 'set';
      readonly name: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly value: number;
    }
  | {
      readonly kind: 'observe';
      readonly name: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly values: readonly number[];
    };

type Labels = Readonly<Record<string, string>>;

interface Sum {
  readonly kind: 'count' | 'set';
  readonly name: string;
  readonly labels: Labels;
  value: number;
}

interface Values {
  readonly kind: 'observe';
  readonly name: string;
  readonly labels: Labels;
  values: number[];
}

export class MeterRelay implements Meter {
  #sums = new Map<string, Sum>();
  #values = new Map<string, Values>();

  count(name: string, labels: Labels = {}, by = 1): void {
    this.#sum('count', name, labels).value += by;
  }

  set(name: string, value: number, labels: Labels = {}): void {
    this.#sum('set', name, labels).value = value;
  }

  observe(name: string, value: number, labels: Labels = {}): void {
    const key = keyOf(name, labels);
    const held = this.#values.get(key);
    if (held) held.values.push(value);
    else this.#values.set(key, { kind: 'observe', name, labels, values: [value] });
  }

  /** What was read since the last time. */
  take(): readonly Metered[] {
    const all = [...this.#sums.values(), ...this.#values.values()];
    this.#sums = new Map();
    this.#values = new Map();
    return all;
  }

  #sum(kind: Sum['kind'], name: string, labels: Labels): Sum {
    const key = keyOf(name, labels);
    let held = this.#sums.get(key);
    if (held === undefined) {
      held = { kind, name, labels, value: 0 };
      this.#sums.set(key, held);
    }
    return held;
  }
}

export function replayMetered(readings: readonly Metered[], meter: Meter): void {
  for (const reading of readings) {
    const { name, labels } = reading;
    if (reading.kind === 'observe') for (const value of reading.values) meter.observe(name, value, labels);
    else if (reading.kind === 'set') meter.set(name, reading.value, labels);
    else meter.count(name, labels, reading.value);
  }
}

function keyOf(name: string, labels: Labels): string {
  let key = name;
  for (const label in labels) key += `\n${label}=${labels[label]}`;
  return key;
}
