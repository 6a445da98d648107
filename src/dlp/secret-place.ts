/**
 * Where the secret stands in a match of which only the end is known. RE2 tells the end of a match in a twentieth of the time
 * that it takes to tell where its groups are; what surrounds a secret leaves one place for it most of the time.
 */

import type { CompiledRule } from './compiled-rule.ts';
import { parseWithGroups } from './prefilter/parse-regex.ts';
import { OUTSIDE, placeSets } from './prefilter/set-sequence.ts';
import { longest, type Node, shortest } from './prefilter/syntax.ts';

/** The secret of the match that begins at `from` or later and ends at `end`; null where more than one place is possible. */
export type SecretPlace = (text: Uint8Array, from: number, end: number) => [number, number] | null;

/** Bytes that are looked at; longer secrets are RE2's. */
const MOST_LOOKED_AT = 2048;

const places = new WeakMap<CompiledRule, SecretPlace | null>();

/** As `secretPlace`, read once for each rule. */
export function secretPlaceOf(rule: CompiledRule): SecretPlace | null {
  let place = places.get(rule);
  if (place === undefined) {
    place = secretPlace(rule.spec.regex, rule.spec.secret_group);
    places.set(rule, place);
  }
  return place;
}

/** Null for an expression that is not a group between two others, with a character at most behind it. */
export function secretPlace(regex: string, group: number): SecretPlace | null {
  const parsed = group === 0 ? null : parseWithGroups(regex);
  const secret = parsed?.groups[group - 1];
  if (!parsed || secret === undefined) return null;
  const parts = flat(parsed.tree);
  // Read as one part: it is neither repeated nor one of several.
  const inside = flat(secret);
  const at = parts.indexOf(inside[0] as Node);
  if (at === -1 || inside.some((part, i) => parts[at + i] !== part)) return null;
  const after: Node = { kind: 'cat', parts: parts.slice(at + inside.length) };
  const least = shortest(secret);
  const behind = longest(after, 1);
  if (least === 0 || behind > 1) return null;
  return placeIn({
    bytes: bytesOf(secret),
    first: placeSets(inside, 1)[0],
    last: placeSets(parts.slice(0, at), 1, { backwards: true })[0],
    behind: behind === 0 ? null : bytesOf(after),
    mayEnd: shortest(after) === 0,
    least,
    most: longest(secret),
  });
}

/** One after the other. */
function flat(node: Node): readonly Node[] {
  return node.kind === 'cat' ? node.parts.flatMap(flat) : [node];
}

interface Known {
  /** What the secret is made of, and what it may begin with. */
  readonly bytes: Uint8Array;
  readonly first: ArrayLike<number> | undefined;
  /** What may stand before it. */
  readonly last: ArrayLike<number> | undefined;
  /** What may stand behind it in the match, and whether nothing may. */
  readonly behind: Uint8Array | null;
  readonly mayEnd: boolean;
  readonly least: number;
  readonly most: number;
}

function placeIn(known: Known): SecretPlace {
  return (text, from, matchEnd) => {
    const end = endOf(known, text, matchEnd);
    const start = end === null ? null : onlyStart(known, text, from, end);
    return start === null || end === null ? null : [start, end];
  };
}

/** Beyond ASCII nothing is concluded: letters there fold into those of ASCII. */
function isAscii(text: Uint8Array, at: number): boolean {
  return (text[at] as number) < 128;
}

function endOf({ bytes, behind, mayEnd }: Known, text: Uint8Array, matchEnd: number): number | null {
  const final = text[matchEnd - 1] as number;
  const isBehind = behind !== null && behind[final] === 1;
  const isInside = mayEnd && bytes[final] === 1;
  if (isBehind === isInside || !isAscii(text, matchEnd - 1)) return null;
  return isBehind ? matchEnd - 1 : matchEnd;
}

function onlyStart(known: Known, text: Uint8Array, from: number, end: number): number | null {
  let start: number | null = null;
  for (let at = end - 1; at >= from; at -= 1) {
    if (!isAscii(text, at) || end - at > MOST_LOOKED_AT) return null;
    if (known.bytes[text[at] as number] === 0 || end - at > known.most) break;
    if (end - at < known.least || !mayBegin(known, text, at)) continue;
    if (start !== null) return null;
    start = at;
  }
  return start === null || (start > 0 && !isAscii(text, start - 1)) ? null : start;
}

function mayBegin({ first, last }: Known, text: Uint8Array, at: number): boolean {
  const before = at === 0 ? OUTSIDE : (text[at - 1] as number);
  return first?.[text[at] as number] !== 0 && last?.[before] !== 0;
}

/** Bytes that what the node matches may hold. */
function bytesOf(node: Node, into = new Uint8Array(256)): Uint8Array {
  if (node.kind === 'cat' || node.kind === 'alt') for (const part of node.parts) bytesOf(part, into);
  else if (node.kind === 'repeat') bytesOf(node.part, into);
  else if (node.kind === 'set') for (let byte = 0; byte < 256; byte += 1) if (node.set.has[byte]) into[byte] = 1;
  return into;
}
