/** Where the secret ends in a match of which the end is known: what may stand behind it, written out as far as it is short. */

import { placeSets } from './prefilter/set-sequence.ts';
import type { Node } from './prefilter/syntax.ts';

/** Where the secret ends; null where nothing is concluded. */
export type SecretEnd = (text: Uint8Array, matchEnd: number) => number | null;

/** Sets of bytes one after the other; with `end` only where the text ends. */
interface Form {
  readonly sets: readonly Uint8Array[];
  readonly end: boolean;
}

/** Forms that are tried, and their longest. */
const MOST_FORMS = 64;
const LONGEST = 8;

const NOTHING: Form = { sets: [], end: false };

/** `inside` are the bytes that the last of the secret may be. Null where it is not known what may be last in a match. */
export function secretEndOf(after: Node, inside: ArrayLike<number>): SecretEnd | null {
  const forms: Form[] = [];
  // What is too long to write out, by its last byte.
  const further: ArrayLike<number>[] = [];
  for (const one of alternativesOf(after)) {
    const known = formsOf(one);
    if (known !== null) forms.push(...known);
    else {
      const [last] = placeSets([one], 1, { backwards: true });
      if (last === undefined) return null;
      further.push(last);
    }
  }
  const longest = Math.max(0, ...forms.map(({ sets }) => sets.length));
  const behind = { forms, further, inside, longest };
  return forms.length > MOST_FORMS ? null : (text, matchEnd) => onlyEnd(behind, text, matchEnd);
}

/** Whatever is the last part may be one of several. */
function alternativesOf(node: Node): readonly Node[] {
  if (node.kind === 'alt') return node.parts;
  const last = node.kind === 'cat' ? node.parts.at(-1) : undefined;
  if (node.kind !== 'cat' || last?.kind !== 'alt') return [node];
  const before = node.parts.slice(0, -1);
  return last.parts.map((part): Node => ({ kind: 'cat', parts: [...before, part] }));
}

function formsOf(node: Node): readonly Form[] | null {
  switch (node.kind) {
    case 'set':
      return [{ sets: [node.set.has], end: false }];
    case 'edge':
      return [node.of === 'end' ? { sets: [], end: true } : NOTHING];
    case 'alt': {
      const all = node.parts.map(formsOf);
      return all.includes(null) ? null : few(all.flatMap((forms) => forms ?? []));
    }
    case 'cat':
      return node.parts.reduce<readonly Form[] | null>((all, part) => crossed(all, formsOf(part)), [NOTHING]);
    case 'repeat':
      return repeated(node);
  }
}

function repeated({ part, min, max }: Node & { kind: 'repeat' }): readonly Form[] | null {
  if (max > LONGEST) return null;
  const one = formsOf(part);
  const all: Form[] = [];
  let now: readonly Form[] | null = [NOTHING];
  for (let count = 0; count <= max && now !== null; count += 1) {
    if (count >= min) all.push(...now);
    if (count < max) now = crossed(now, one);
  }
  return now === null ? null : few(all);
}

function crossed(left: readonly Form[] | null, right: readonly Form[] | null): readonly Form[] | null {
  if (left === null || right === null || left.length * right.length > MOST_FORMS) return null;
  const all = left.flatMap((one) =>
    right.map((other): Form => ({ sets: [...one.sets, ...other.sets], end: one.end || other.end })),
  );
  return all.some(({ sets }) => sets.length > LONGEST) ? null : all;
}

const few = (forms: readonly Form[]): readonly Form[] | null => (forms.length > MOST_FORMS ? null : forms);

interface Behind {
  readonly forms: readonly Form[];
  readonly further: readonly ArrayLike<number>[];
  readonly inside: ArrayLike<number>;
  /** Bytes of the longest form. */
  readonly longest: number;
}

function onlyEnd({ forms, further, inside, longest }: Behind, text: Uint8Array, matchEnd: number): number | null {
  const final = text[matchEnd - 1] as number;
  // Beyond ASCII a character is several bytes, and letters fold into those of ASCII.
  if (!isAscii(text, matchEnd - 1 - longest, matchEnd) || further.some((last) => last[final])) return null;
  let found: number | null = null;
  for (const { sets, end } of forms) {
    const at = matchEnd - sets.length;
    if (at === found || at < 1 || (end && matchEnd < text.length)) continue;
    if (!inside[text[at - 1] as number] || !sets.every((set, i) => set[text[at + i] as number])) continue;
    if (found !== null) return null;
    found = at;
  }
  return found;
}

function isAscii(text: Uint8Array, from: number, to: number): boolean {
  for (let at = Math.max(0, from); at < to; at += 1) if ((text[at] as number) >= 128) return false;
  return true;
}
