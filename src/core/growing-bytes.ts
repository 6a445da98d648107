/**
 * Bytes that come in pieces and are awaited whole. However small the pieces are, each byte is moved a few times at most: the
 * room doubles. A list of pieces would hold a hundred bytes for each of one; putting them together anew each time moves all
 * that is held for each of them (T-45).
 */

const NOTHING: Buffer = Buffer.alloc(0);
const LEAST_ROOM = 256;

export class GrowingBytes {
  #room: Buffer = NOTHING;
  #from = 0;
  #to = 0;
  /** The room is somebody else's piece: nothing is written into it. */
  #isLent = false;

  get length(): number {
    return this.#to - this.#from;
  }

  /** What is held, in place. Nothing is ever written over: what was seen here stays as it was. */
  get bytes(): Buffer {
    return this.#room.subarray(this.#from, this.#to);
  }

  /**
   * A piece that comes when nothing is held is kept as it is, not copied: whoever gives it does not change it any more.
   * `most` is how many bytes will be held in all, where that is known: no more room than that is taken ahead.
   */
  append(piece: Uint8Array, most: number = Number.POSITIVE_INFINITY): void {
    if (this.length > 0) {
      this.copy(piece, most);
      return;
    }
    this.#room = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    [this.#from, this.#to, this.#isLent] = [0, piece.length, true];
  }

  /** The same for a piece that may change once this has returned. */
  copy(piece: Uint8Array, most: number = Number.POSITIVE_INFINITY): void {
    if (this.#isLent || this.#to + piece.length > this.#room.length) this.#grow(piece.length, most);
    this.#room.set(piece, this.#to);
    this.#to += piece.length;
  }

  /** The first so many bytes are done with. */
  drop(count: number): void {
    this.#from += Math.min(count, this.length);
    if (this.#from === this.#to) this.#forget();
  }

  /** All that is held; nothing is held afterwards. */
  release(): Buffer {
    const { bytes } = this;
    this.#forget();
    return bytes;
  }

  #grow(by: number, most: number): void {
    const held = this.bytes;
    const needed = held.length + by;
    // The first may be the only one.
    const ahead = held.length === 0 ? 0 : Math.max(2 * needed, LEAST_ROOM);
    const room = Buffer.allocUnsafe(Math.max(needed, Math.min(ahead, most)));
    room.set(held);
    [this.#room, this.#from, this.#to, this.#isLent] = [room, 0, held.length, false];
  }

  #forget(): void {
    [this.#room, this.#from, this.#to, this.#isLent] = [NOTHING, 0, 0, false];
  }
}
