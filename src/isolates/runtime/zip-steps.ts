/** The host's zlib, asked a piece at a time: whoever takes what it makes asks for more. */

import { askHost } from './bindings.ts';
import { bridge, jsonText } from './bridge.ts';
import { ownBuffer } from './buffer-source.ts';

/** Bytes that are given at once. */
export const ZIP_PIECE = 16 * 1024;
let last = 0;

export class ZipSteps {
  readonly #kind: string;
  readonly #id: number;

  /** @param kind `gzip` and the like, `un-gzip` for the way back. */
  constructor(kind: string) {
    last += 1;
    this.#kind = kind;
    this.#id = last;
  }

  /**
   * True: more is to be had of the bytes that were given, by a step without any. Rejects with a `TypeError` where they are
   * not of that kind.
   * @param give takes what came, about a megabyte at most, also where it was before a fault
   */
  async step(bytes: Uint8Array, end: boolean, give: (bytes: Uint8Array) => void): Promise<boolean> {
    const text = jsonText({ __proto__: null, id: this.#id, kind: this.#kind, end });
    const { value, bytes: made } = await askHost('zip', text, ownBuffer(bytes));
    const { fault, more } = value as { readonly fault: string | null; readonly more: boolean };
    if (made && made.byteLength > 0) give(new Uint8Array(made));
    if (fault !== null) throw new TypeError(fault);
    return more;
  }

  close(): void {
    bridge.current.serve('zip-close', this.#id);
  }
}
