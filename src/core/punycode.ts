/** Punycode (RFC 3492), the reading half: what an A-label stands for. */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const LAST = 0x10ffff;

/** The label behind `xn--`, in lower case; null when it is no Punycode. */
export function decodePunycode(text: string): string | null {
  const cut = text.lastIndexOf('-');
  const points = [...text.slice(0, Math.max(0, cut))].map((c) => c.charCodeAt(0));
  // A delimiter at the very start delimits nothing: it is read as a digit, which it is not.
  const first = cut > 0 ? cut + 1 : 0;
  let at = first;
  let point = 128;
  let index = 0;
  let bias = 72;
  while (at < text.length) {
    const read = readDelta(text, at, bias);
    if (read === null) return null;
    const count = points.length + 1;
    index += read.delta;
    point += Math.floor(index / count);
    if (point > LAST || (point >= 0xd800 && point <= 0xdfff)) return null;
    bias = adapt(read.delta, count, at === first);
    at = read.next;
    index %= count;
    points.splice(index, 0, point);
    index += 1;
  }
  return String.fromCodePoint(...points);
}

/** A variable-length integer (RFC 3492 section 3.3). */
function readDelta(text: string, from: number, bias: number): { delta: number; next: number } | null {
  let delta = 0;
  let weight = 1;
  let at = from;
  for (let k = BASE; ; k += BASE) {
    const digit = digitOf(text.charCodeAt(at));
    if (digit < 0) return null;
    at += 1;
    delta += digit * weight;
    if (delta > LAST * 64) return null;
    const threshold = Math.min(Math.max(k - bias, T_MIN), T_MAX);
    if (digit < threshold) return { delta, next: at };
    weight *= BASE - threshold;
  }
}

/** Section 6.1. */
function adapt(delta: number, count: number, first: boolean): number {
  let left = first ? Math.floor(delta / DAMP) : delta >> 1;
  left += Math.floor(left / count);
  let k = 0;
  for (; left > ((BASE - T_MIN) * T_MAX) >> 1; k += BASE) left = Math.floor(left / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * left) / (left + SKEW));
}

/** `a`–`z` are 0–25, `0`–`9` are 26–35; -1 for anything else, the end of the text included. */
function digitOf(code: number): number {
  if (code >= 97 && code <= 122) return code - 97;
  return code >= 48 && code <= 57 ? code - 22 : -1;
}
