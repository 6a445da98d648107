/** `FormData`. */

import { File, isBlob } from './blob.ts';
import { pairIterator } from './pair-iterator.ts';

type Value = string | File;
type Entry = [string, Value];

export class FormData {
  #entries: Entry[] = [];
  static #walk = pairIterator<FormData>('FormData', (of) => of.#entries);

  constructor(form?: unknown) {
    if (form !== undefined) throw new TypeError('there are no forms here');
  }

  append(name: unknown, value: unknown, ...filename: unknown[]): void {
    this.#entries.push(entry(name, value, filename));
  }

  delete(name: unknown): void {
    const key = scalars(name);
    this.#entries = this.#entries.filter(([n]) => n !== key);
  }

  get(name: unknown): Value | null {
    const key = scalars(name);
    return this.#entries.find(([n]) => n === key)?.[1] ?? null;
  }

  getAll(name: unknown): Value[] {
    const key = scalars(name);
    return this.#entries.filter(([n]) => n === key).map(([, v]) => v);
  }

  has(name: unknown): boolean {
    const key = scalars(name);
    return this.#entries.some(([n]) => n === key);
  }

  set(name: unknown, value: unknown, ...filename: unknown[]): void {
    const made = entry(name, value, filename);
    const at = this.#entries.findIndex(([n]) => n === made[0]);
    if (at < 0) this.#entries.push(made);
    else this.#entries = this.#entries.flatMap((e, i) => (i === at ? [made] : e[0] === made[0] ? [] : [e]));
  }

  forEach(callback: (value: Value, name: string, form: FormData) => void, self?: unknown): void {
    if (typeof callback !== 'function') throw new TypeError('forEach takes a function');
    for (let i = 0; i < this.#entries.length; i += 1) {
      const [name, value] = this.#entries[i] as Entry;
      Reflect.apply(callback, self, [value, name, this]);
    }
  }

  entries(): IterableIterator<Entry> {
    return FormData.#walk(this, 'entries');
  }

  keys(): IterableIterator<string> {
    return FormData.#walk(this, 'keys');
  }

  values(): IterableIterator<Value> {
    return FormData.#walk(this, 'values');
  }

  [Symbol.iterator](): IterableIterator<Entry> {
    return this.entries();
  }
}

/** Web IDL, `USVString`. */
function scalars(value: unknown): string {
  return String(value).toWellFormed();
}

function entry(name: unknown, value: unknown, rest: readonly unknown[]): Entry {
  const key = scalars(name);
  if (!isBlob(value)) {
    if (rest.length > 0) throw new TypeError('a file name goes with a Blob only');
    return [key, scalars(value)];
  }
  const filename = rest[0] === undefined ? undefined : String(rest[0]);
  if (value instanceof File && filename === undefined) return [key, value];
  const options = { type: value.type, ...(value instanceof File && { lastModified: value.lastModified }) };
  return [key, new File([value], filename ?? 'blob', options)];
}
