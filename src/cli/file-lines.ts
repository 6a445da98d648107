/** The lines of a file of any length, one at a time: what is read at once is a piece. */

import { closeSync, openSync, readSync } from 'node:fs';

const PIECE = 1024 * 1024;

/** Without their line feeds, as views that are valid until the next is asked for. With `most`, no more bytes than so many are looked at. */
export function* fileLines(file: string, most = Number.POSITIVE_INFINITY): Generator<Buffer> {
  const fd = openSync(file, 'r');
  try {
    let held: Buffer = Buffer.alloc(0);
    for (let seen = 0; seen < most; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, most - seen));
      const read = readSync(fd, piece);
      if (read === 0) break;
      seen += read;
      held = held.length === 0 ? piece.subarray(0, read) : Buffer.concat([held, piece.subarray(0, read)]);
      let at = 0;
      for (let end = held.indexOf(0x0a); end >= 0; end = held.indexOf(0x0a, at)) {
        yield held.subarray(at, end);
        at = end + 1;
      }
      held = held.subarray(at);
    }
    if (held.length > 0) yield held;
  } finally {
    closeSync(fd);
  }
}
