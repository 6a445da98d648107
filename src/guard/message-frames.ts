/**
 * Messages that say their length before they begin, as those of gRPC and Connect do: a byte of flags, four of length, the
 * message. Both sides of such a stream wait for each other's messages, so that a whole one must not be held for the next.
 */

const HEAD = 5;
/** Plain, compressed, the end of a Connect stream, the trailers of gRPC-Web: others are no such message. */
const FLAGS: ReadonlySet<number | undefined> = new Set([0, 1, 2, 3, 0x80, 0x81]);

/** `contentType` in lower case. */
export function hasMessageFrames(contentType: string): boolean {
  return /^application\/(?:grpc(?:-web)?(?:\+proto)?|connect\+proto)\s*(?:;|$)/.test(contentType);
}

/** Finds where messages end, however their stream is cut. */
export class MessageFrames {
  /** Bytes seen. */
  #seen = 0;
  #whole = 0;
  #head: number[] = [];
  /** Bytes of the message under way that are still to come. */
  #left = 0;
  #isBroken = false;

  /** Offset behind the last whole message. */
  get whole(): number {
    return this.#whole;
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.#isBroken; ) {
      const taken = this.#head.length < HEAD ? 1 : Math.min(this.#left, bytes.length - at);
      if (this.#head.length < HEAD) this.#takeHead(bytes[at] as number);
      else this.#left -= taken;
      at += taken;
      this.#seen += taken;
      if (this.#head.length < HEAD || this.#left > 0) continue;
      this.#whole = this.#seen;
      this.#head = [];
    }
  }

  #takeHead(byte: number): void {
    this.#head.push(byte);
    const [flags, ...length] = this.#head;
    this.#isBroken = !FLAGS.has(flags);
    if (length.length === HEAD - 1) this.#left = length.reduce((sum, part) => sum * 256 + part, 0);
  }
}
