/**
 * Requests to model APIs that are several JSON texts, one a line (NDJSON) or one in the data of each server-sent event. Each is
 * read like a body of its own, as soon as it is whole. Stricter than either format: what another reader could split otherwise
 * (a text over several lines, a CR without LF, a line that is no field of an event) is not read at all.
 */

import { type ProviderFetch, ProviderFetches } from './provider-fetch.ts';

export type LineFormat = 'lines' | 'events';

const [LF, CR, COLON] = [0x0a, 0x0d, 0x3a];
/** Fields of an event that hold no document; a comment has no name. */
const OTHERS = new Set(['event', 'id', 'retry', '']);
const LONGEST_NAME = 8;
/** What some say in place of a last document. */
const LAST_WORD = '[DONE]';
/** A line that is shorter may be empty, or that word. */
const SHORT = 16;

/** Where in a line it is. */
type Place = 'name' | 'document' | 'other';

export class ProviderLines {
  readonly #start: Place;
  #place: Place;
  #name = '';
  /** The document of this line, while it is short. */
  #short: number[] = [];
  #document: ProviderFetches | null = null;
  #found: ProviderFetch[] = [];
  #isAfterCr = false;
  #failed = false;

  constructor(format: LineFormat) {
    this.#start = format === 'events' ? 'name' : 'document';
    this.#place = this.#start;
  }

  /** What these bytes ask for, as far as that is known; null once a line cannot be read. */
  push(bytes: Uint8Array): readonly ProviderFetch[] | null {
    let from = 0;
    while (!this.#failed) {
      const end = bytes.indexOf(LF, from);
      this.#part(bytes.subarray(from, end < 0 ? bytes.length : end));
      if (end < 0) break;
      this.#lineEnd();
      from = end + 1;
    }
    return this.#take();
  }

  end(): readonly ProviderFetch[] | null {
    this.#lineEnd();
    return this.#take();
  }

  #take(): readonly ProviderFetch[] | null {
    const found = this.#found;
    this.#found = [];
    return this.#failed ? null : found;
  }

  #part(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const cr = bytes.indexOf(CR);
    // Another reader may take it for the end of a line.
    if (this.#isAfterCr || (cr >= 0 && cr < bytes.length - 1)) this.#failed = true;
    this.#isAfterCr = cr >= 0;
    const text = cr < 0 ? bytes : bytes.subarray(0, cr);
    const value = this.#place === 'name' ? this.#behindName(text) : text;
    if (this.#place === 'document') this.#read(value);
  }

  /** What stands behind the name of a field; nothing while that is not whole. */
  #behindName(bytes: Uint8Array): Uint8Array {
    const colon = bytes.indexOf(COLON);
    const name = colon < 0 ? bytes : bytes.subarray(0, colon);
    if (this.#name.length + name.length > LONGEST_NAME) this.#failed = true;
    else this.#name += String.fromCharCode(...name);
    if (colon < 0) return bytes.subarray(bytes.length);
    this.#place = this.#name === 'data' ? 'document' : 'other';
    if (this.#place === 'other' && !OTHERS.has(this.#name)) this.#failed = true;
    return bytes.subarray(colon + 1);
  }

  #read(bytes: Uint8Array): void {
    if (this.#document !== null) {
      this.#add(this.#document.push(bytes));
      return;
    }
    const room = SHORT - this.#short.length;
    for (const byte of bytes.subarray(0, room)) this.#short.push(byte);
    if (bytes.length > room) this.#add(this.#begun().push(bytes.subarray(room)));
  }

  #begun(): ProviderFetches {
    const document = new ProviderFetches();
    this.#document = document;
    this.#add(document.push(Uint8Array.from(this.#short)));
    return document;
  }

  #add(found: readonly ProviderFetch[] | null): void {
    if (found === null) this.#failed = true;
    else this.#found.push(...found);
  }

  #lineEnd(): void {
    // A field without a colon says nothing: only an empty line may be one.
    if (this.#place === 'name' && this.#name !== '') this.#failed = true;
    const short = String.fromCharCode(...this.#short).trim();
    const isNothing = short === '' || (this.#start === 'name' && short === LAST_WORD);
    if (this.#document !== null || !isNothing) this.#add((this.#document ?? this.#begun()).end());
    [this.#place, this.#name, this.#short, this.#document] = [this.#start, '', [], null];
    this.#isAfterCr = false;
  }
}
