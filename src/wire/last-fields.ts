/**
 * The fields of a connection's last head. Whoever keeps a connection mostly says the same fields again, so what was read of
 * them stands for the very same bytes: a comparison in place of a reading. They may hold a credential, which its client says here
 * each time; they go with the connection.
 */

/** Longer ones are read each time: a connection that waits holds no more than this. */
const LONGEST = 4096;
const LEAST_ROOM = 256;

/** Of one connection, whose heads are all read under the same limits; `T` is what is read of fields. */
export class LastFields<T> {
  /** Memory of its own: a piece of Node's pool would hold what was given out beside it. */
  #room: Buffer = Buffer.alloc(0);
  #length = 0;
  #reading: T | null = null;

  /** Bytes of the fields, with the empty line behind them. */
  get length(): number {
    return this.#length;
  }

  /** What was read of the bytes that are kept; null where there are none. */
  get reading(): T | null {
    return this.#reading;
  }

  /** What was read of the bytes at this place, where they are the same; null where they are others, or not all there. */
  at(bytes: Uint8Array, from: number): T | null {
    const to = from + this.#length;
    if (this.#reading === null || to > bytes.length) return null;
    return this.#room.compare(bytes, from, to, 0, this.#length) === 0 ? this.#reading : null;
  }

  /** The bytes are copied; with their empty line. */
  keep(bytes: Uint8Array, reading: T): void {
    this.#reading = bytes.length > LONGEST ? null : reading;
    if (this.#reading === null) return;
    if (this.#room.length < bytes.length) this.#room = Buffer.allocUnsafeSlow(Math.max(LEAST_ROOM, bytes.length));
    this.#room.set(bytes);
    this.#length = bytes.length;
  }
}
