/** `FormData`, and multipart bodies both ways. */

import { Blob, blobBytes, File, isBlob } from './blob.ts';
import { joinBytes } from './buffer-source.ts';
import { pairIterator } from './pair-iterator.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

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
    this.#entries = this.#entries.filter(([n]) => n !== String(name));
  }

  get(name: unknown): Value | null {
    return this.#entries.find(([n]) => n === String(name))?.[1] ?? null;
  }

  getAll(name: unknown): Value[] {
    return this.#entries.filter(([n]) => n === String(name)).map(([, v]) => v);
  }

  has(name: unknown): boolean {
    return this.#entries.some(([n]) => n === String(name));
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

function entry(name: unknown, value: unknown, rest: readonly unknown[]): Entry {
  const filename = rest.length > 0 ? String(rest[0]) : undefined;
  const key = String(name).toWellFormed();
  if (!isBlob(value)) {
    if (filename !== undefined) throw new TypeError('a file name goes with a Blob only');
    return [key, String(value).toWellFormed()];
  }
  if (value instanceof File && filename === undefined) return [key, value];
  const options = { type: value.type, ...(value instanceof File && { lastModified: value.lastModified }) };
  return [key, new File([value], filename ?? 'blob', options)];
}

const escapeName = (name: string): string => name.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22');

/** The body of a form, and its boundary. */
export function encodeMultipart(form: FormData, boundary: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const [name, value] of form) {
    const key = escapeName(name.replace(/\r\n|\r|\n/g, '\r\n'));
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${key}"`;
    if (typeof value === 'string') {
      pieces.push(encodeUtf8(`${head}\r\n\r\n${value.replace(/\r\n|\r|\n/g, '\r\n')}\r\n`));
      continue;
    }
    const type = value.type || 'application/octet-stream';
    pieces.push(encodeUtf8(`${head}; filename="${escapeName(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`));
    pieces.push(blobBytes(value), encodeUtf8('\r\n'));
  }
  pieces.push(encodeUtf8(`--${boundary}--\r\n`));
  return joinBytes(pieces);
}

/** Throws a `TypeError` on anything that is no multipart body. */
export function decodeMultipart(bytes: Uint8Array, boundary: string): FormData {
  const form = new FormData();
  // One byte a character, so that places in the text are places in the bytes.
  const text = latin1(bytes);
  const mark = `--${boundary}`;
  let at = text.indexOf(mark);
  if (at < 0) throw new TypeError('the body has no boundary');
  for (;;) {
    at += mark.length;
    if (text.startsWith('--', at)) return form;
    if (!text.startsWith('\r\n', at)) throw new TypeError('a boundary is not followed by a line');
    const headEnd = text.indexOf('\r\n\r\n', at);
    const next = text.indexOf(`\r\n${mark}`, at);
    if (headEnd < 0 || next < headEnd) throw new TypeError('a part has no end');
    addPart(form, decodeUtf8(bytes.subarray(at + 2, headEnd)), bytes.subarray(headEnd + 4, next));
    at = next + 2;
  }
}

function addPart(form: FormData, head: string, body: Uint8Array): void {
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1] ?? '';
  const field = (name: string) => new RegExp(`(?:^|;)\\s*${name}="([^"]*)"`, 'i').exec(disposition)?.[1];
  const name = field('name');
  if (name === undefined) throw new TypeError('a part has no name');
  const plain = (value: string) => value.replace(/%0A/gi, '\n').replace(/%0D/gi, '\r').replace(/%22/g, '"');
  const filename = field('filename');
  if (filename === undefined) {
    form.append(plain(name), decodeUtf8(body));
    return;
  }
  const type = /^content-type:\s*(.*?)\s*$/im.exec(head)?.[1] ?? 'text/plain';
  form.append(plain(name), new File([new Blob([body])], plain(filename), { type }));
}

function latin1(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 4096) out += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return out;
}
