/** The lines of a file of any length, one at a time: what is read at once is a piece, and what is held is a line of bounded length. */

import { closeSync, openSync, readSync } from 'node:fs';

const PIECE = 1024 * 1024;
const LINE_FEED = 0x0a;

export interface LineBounds {
  /** No more bytes of the file than so many are looked at. */
  readonly most?: number;
  /** Of a longer line only so many bytes are given: at least that many, and not all. */
  readonly longest?: number;
}

/** Without their line feeds, as views that are valid until the next is asked for. */
export function* fileLines(
  file: string,
  { most = Number.POSITIVE_INFINITY, longest = Number.POSITIVE_INFINITY }: LineBounds = {},
): Generator<Buffer> {
  const fd = openSync(file, 'r');
  try {
    // The line so far, put together once it is whole: each byte of it is moved once, however many pieces it takes.
    let held: Buffer[] = [];
    let length = 0;
    for (let seen = 0; seen < most; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, most - seen));
      const read = readSync(fd, piece);
      if (read === 0) break;
      seen += read;
      let at = 0;
      for (let end = piece.indexOf(LINE_FEED); end >= 0 && end < read; end = piece.indexOf(LINE_FEED, at)) {
        yield joined(held, piece.subarray(at, end));
        [held, length] = [[], 0];
        at = end + 1;
      }
      if (at < read && length <= longest) {
        held.push(piece.subarray(at, read));
        length += read - at;
      }
    }
    if (length > 0) yield joined(held, Buffer.alloc(0));
  } finally {
    closeSync(fd);
  }
}

function joined(held: readonly Buffer[], last: Buffer): Buffer {
  return held.length === 0 ? last : Buffer.concat([...held, last]);
}
