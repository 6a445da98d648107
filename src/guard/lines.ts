/** Ends of lines, where somebody counts them. */

const LF = 0x0a;

export function linesIn(text: Uint8Array): number {
  let count = 0;
  for (let at = text.indexOf(LF); at >= 0; at = text.indexOf(LF, at + 1)) count += 1;
  return count;
}

/** Behind so many line ends from here on; the length of the text where there are fewer. */
export function afterLines(text: Uint8Array, from: number, count: number): number {
  let at = from;
  for (let i = 0; i < count; i += 1) {
    const end = text.indexOf(LF, at);
    if (end < 0) return text.length;
    at = end + 1;
  }
  return at;
}

/** `bytes` with as many line ends as `before` has, the last ones behind them. */
export function withLinesOf(before: Uint8Array, bytes: Buffer): Buffer;
export function withLinesOf(before: Uint8Array, bytes: Uint8Array): Uint8Array;
export function withLinesOf(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  const [wanted, had] = [linesIn(before), linesIn(bytes)];
  if (had === wanted) return bytes;
  const kept = had < wanted ? bytes : bytes.filter((byte) => byte !== LF);
  return Buffer.concat([kept, Buffer.alloc(wanted - (had < wanted ? had : 0), LF)]);
}
