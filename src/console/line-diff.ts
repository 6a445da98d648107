/** What changed between two texts, line by line: a longest common subsequence of what is not equal at both ends. */

export interface DiffLine {
  readonly sign: '+' | '-' | ' ';
  readonly text: string;
}

/** Lines of context around a change. */
const CONTEXT = 2;
/** Beyond this the middle is shown as replaced whole: the table would grow with its square. */
const LARGEST = 2_000_000;

export function lineDiff(before: string, after: string): DiffLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  if (start === a.length && start === b.length) return [];
  const lead = a.slice(Math.max(0, start - CONTEXT), start);
  const tail = a.slice(a.length - end, a.length - end + CONTEXT);
  const [old, fresh] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const small = old.length * fresh.length <= LARGEST;
  const middle = small ? compared(old, fresh) : [...old.map(gone), ...fresh.map(come)];
  return [...lead.map(same), ...middle, ...tail.map(same)];
}

const same = (text: string): DiffLine => ({ sign: ' ', text });
const gone = (text: string): DiffLine => ({ sign: '-', text });
const come = (text: string): DiffLine => ({ sign: '+', text });

function compared(a: readonly string[], b: readonly string[]): DiffLine[] {
  const longest = commonLengths(a, b);
  const out: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const [left, right] = [a[i] ?? '', b[j] ?? ''];
    const keep = left === right;
    const drop = !keep && longest(i + 1, j) >= longest(i, j + 1);
    out.push(keep ? same(left) : drop ? gone(left) : come(right));
    if (keep || drop) i += 1;
    if (!drop) j += 1;
  }
  return [...out, ...a.slice(i).map(gone), ...b.slice(j).map(come)];
}

/** At (i, j) the length of the longest common subsequence of a[i..] and b[j..]. */
function commonLengths(a: readonly string[], b: readonly string[]): (i: number, j: number) => number {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => table[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      table[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  return at;
}
