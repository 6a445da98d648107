/** `FileReader` and `ProgressEvent`: what older libraries read a `Blob` with. */

import { btoa } from './base64.ts';
import { type Blob, blobBytes } from './blob.ts';
import { latin1, ownBuffer } from './buffer-source.ts';
import { DOMException } from './dom-exception.ts';
import { TextDecoder } from './encoding.ts';
import { dictionary, Event, type EventInit } from './event.ts';
import { defineHandlers } from './event-handlers.ts';
import { EventTarget, fire } from './events.ts';
import { setTimeout } from './timers.ts';

interface ProgressInit extends EventInit {
  readonly lengthComputable?: unknown;
  readonly loaded?: unknown;
  readonly total?: unknown;
}

export class ProgressEvent extends Event {
  readonly #state: { readonly computable: boolean; readonly loaded: number; readonly total: number };

  constructor(...args: [unknown?, ProgressInit?]) {
    super(...args);
    const { lengthComputable, loaded = 0, total = 0 } = dictionary(args[1]);
    this.#state = { computable: Boolean(lengthComputable), loaded: Number(loaded), total: Number(total) };
  }

  get lengthComputable(): boolean {
    return this.#state.computable;
  }
  get loaded(): number {
    return this.#state.loaded;
  }
  get total(): number {
    return this.#state.total;
  }
}

const STATES = { EMPTY: 0, LOADING: 1, DONE: 2 };

export class FileReader extends EventTarget {
  #state = STATES.EMPTY;
  #result: unknown = null;
  #error: DOMException | null = null;
  /** Counts what was begun: what is of an earlier one is not told. */
  #round = 0;

  get readyState(): number {
    return this.#state;
  }
  get result(): unknown {
    return this.#result;
  }
  get error(): DOMException | null {
    return this.#error;
  }

  readAsArrayBuffer(blob: Blob): void {
    this.#read(blob, (bytes) => ownBuffer(bytes));
  }

  readAsBinaryString(blob: Blob): void {
    this.#read(blob, latin1);
  }

  readAsText(blob: Blob, encoding?: unknown): void {
    const label = encoding === undefined ? undefined : String(encoding);
    this.#read(blob, (bytes) => decoderFor([markOf(bytes), label, charsetOf(blob.type)]).decode(bytes));
  }

  readAsDataURL(blob: Blob): void {
    this.#read(blob, (bytes) => `data:${blob.type || 'application/octet-stream'};base64,${btoa(latin1(bytes))}`);
  }

  abort(): void {
    this.#result = null;
    if (this.#state !== STATES.LOADING) return;
    this.#state = STATES.DONE;
    this.#round += 1;
    this.#error = new DOMException('reading was given up', 'AbortError');
    this.#tell('abort', 0, 0);
    if ((this.#state as number) !== STATES.LOADING) this.#tell('loadend', 0, 0);
  }

  #read(blob: Blob, packed: (bytes: Uint8Array) => unknown): void {
    const bytes = blobBytes(blob);
    if (this.#state === STATES.LOADING) throw new DOMException('it reads already', 'InvalidStateError');
    this.#state = STATES.LOADING;
    this.#result = null;
    this.#error = null;
    this.#round += 1;
    const round = this.#round;
    const next = (run: () => void) => setTimeout(() => round === this.#round && run(), 0);
    const { length } = bytes;
    next(() => {
      this.#tell('loadstart', 0, length);
      next(() => {
        if (length > 0) this.#tell('progress', length, length);
        next(() => {
          this.#state = STATES.DONE;
          this.#result = packed(bytes);
          this.#tell('load', length, length);
          next(() => this.#tell('loadend', length, length));
        });
      });
    });
  }

  #tell(type: string, loaded: number, total: number): void {
    fire(this, new ProgressEvent(type, { lengthComputable: total > 0, loaded, total }));
  }
}

for (const [name, value] of Object.entries(STATES)) {
  for (const on of [FileReader, FileReader.prototype]) Object.defineProperty(on, name, { value, enumerable: true });
}
defineHandlers(FileReader.prototype, ['loadstart', 'progress', 'load', 'abort', 'error', 'loadend'], () => undefined);

function charsetOf(type: string): string | undefined {
  return /;\s*charset="?([^";]+)/i.exec(type)?.[1];
}

/** A mark at the beginning comes before what anybody says (Encoding, "decode"). */
function markOf([a, b, c]: Uint8Array): string | undefined {
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  return a === 0xef && b === 0xbb && c === 0xbf ? 'utf-8' : undefined;
}

/** By the first label that names an encoding. */
function decoderFor(labels: readonly (string | undefined)[]): TextDecoder {
  for (const label of labels) {
    if (label === undefined) continue;
    try {
      return new TextDecoder(label);
    } catch {
      // Not a label: the next.
    }
  }
  return new TextDecoder();
}
