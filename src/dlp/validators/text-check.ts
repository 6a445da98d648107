/** A check on a candidate as text, in upper case. */
export type TextCheck = (text: string) => boolean;

/** Its decimal digits, whatever stands between them. */
export function digitsIn(text: string): number[] {
  const out: number[] = [];
  for (const c of text) if (c >= '0' && c <= '9') out.push(Number(c));
  return out;
}
