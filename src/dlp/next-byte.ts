/** Where the next such byte is; the length of the text where there is none. A call costs more than a few bytes do. */
export function nextByte(text: Buffer, byte: number, from: number): number {
  const near = Math.min(text.length, from + 32);
  for (let at = from; at < near; at += 1) if (text[at] === byte) return at;
  const found = near === text.length ? -1 : text.indexOf(byte, near);
  return found < 0 ? text.length : found;
}
