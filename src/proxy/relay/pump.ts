/**
 * Reads an origin's socket into pooled buffers and writes them to the client with back-pressure.
 *
 * A read that fills its buffer is followed by a larger one, a short read by the small one, so that bulk moves in pieces
 * of up to 256 KiB and an idle tunnel holds none of its own. A large buffer is not reused before the write that carries it
 * is flushed; the small one is shared by all and copied out at once.
 */

import type { OnReadOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { bufferAfter, giveBack, SHARED_SMALL } from './buffer-pool.ts';

/** Bytes that may wait for a slow client before the origin is paused. */
const HIGH_WATER = 256 * 1024;

export class Pump {
  #current = SHARED_SMALL;
  #to: Duplex | null = null;
  #from: Socket | null = null;
  #early: Buffer | null = null;
  #spend: (bytes: number) => boolean = () => true;
  #owned: Buffer | null = null;

  /** For `net.connect`; the pump then owns what this socket reads. */
  readonly onread: OnReadOpts = {
    buffer: () => this.#current,
    callback: (bytes) => this.#read(bytes),
  };

  /** Starts to move bytes. `spend` is told of each piece and says whether it may pass. */
  attach(from: Socket, to: Duplex, spend: (bytes: number) => boolean): void {
    this.#from = from;
    this.#to = to;
    this.#spend = spend;
    to.on('drain', () => from.resume());
    if (this.#early === null) return;
    const early = this.#early;
    this.#early = null;
    if (spend(early.length)) to.write(early);
    from.resume();
  }

  #read(bytes: number): boolean {
    const buffer = this.#current;
    const to = this.#to;
    if (to === null) {
      this.#early = Buffer.concat([this.#early ?? Buffer.alloc(0), buffer.subarray(0, bytes)]);
      return false;
    }
    if (!this.#spend(bytes) || !to.writable) return true;
    if (buffer === SHARED_SMALL) to.write(Buffer.from(buffer.subarray(0, bytes)));
    else to.write(buffer.subarray(0, bytes), () => giveBack(buffer));
    this.#grow(buffer, bytes);
    if (to.writableLength < HIGH_WATER) return true;
    return this.#from === null;
  }

  #grow(buffer: Buffer, bytes: number): void {
    this.#current = bufferAfter(bytes, buffer.length);
    this.#owned = this.#current === SHARED_SMALL ? null : this.#current;
  }

  /** Gives back what is held; called once the socket is closed. */
  release(): void {
    if (this.#owned !== null) giveBack(this.#owned);
    this.#owned = null;
    this.#current = SHARED_SMALL;
    // Its socket keeps it longer than it is needed.
    this.#to = null;
    this.#from = null;
    this.#spend = NOTHING;
  }
}

const NOTHING = (): boolean => false;
