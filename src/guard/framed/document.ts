/** A binary document of which the texts are known, and how they are told. */

import { isUtf8 } from 'node:buffer';
import { fitted, parsed, tellBytes, type Value } from './told.ts';

/** A string of the document, or bytes of it. */
export interface Leaf {
  /** What it is called; empty for nothing. */
  readonly name: string;
  readonly bytes: Buffer;
  /** It names a value. */
  readonly isKey?: boolean;
  /** Something else may stand for its length: it keeps it. */
  readonly isFixed?: boolean;
  /** Of a number, which is told in decimal: what is written in its place where anything of it is taken out. */
  readonly nought?: Buffer;
}

export interface BinaryDocument {
  readonly leaves: readonly Leaf[];
  /** It may be something else, or holds text where none was looked for. */
  readonly isDoubtful: boolean;
  /** The document with others in place of its leaves, by their numbers. */
  write(changes: ReadonlyMap<number, Buffer>): Buffer;
}

/** Texts that are told of one document; what has more of them is looked at as it stands. */
export const MOST_LEAVES = 65_536;
/** Printable signs in a row, in what is told nowhere, from which on they may be a text; shorter ones say nothing. */
export const SHORTEST_HIDDEN = 16;
/** Documents are not read deeper than this. */
export const DEEPEST = 64;

export type Read = (bytes: Buffer) => BinaryDocument | null;

/** A larger document is looked at as it stands. */
const LARGEST_READ = 4 * 1024 * 1024;

/**
 * Adds what the bytes hold; gives how they are written then. They are told as they stand where they are no such document, or
 * may be another, and always with `isLeaving`: whoever hides something says of it what they like. Both can be written then
 * because all that is replaced keeps its length.
 */
export function tellAs(read: Read, bytes: Buffer, { values, isLeaving, apart }: TellingAs): () => Buffer {
  const document = bytes.length <= LARGEST_READ ? read(bytes) : null;
  const isToldWhole = bytes.length > 0 && (document === null || document.isDoubtful || isLeaving);
  const ofDocument = document === null ? () => null : tellDocument(document, values, isToldWhole);
  let whole: Buffer = bytes;
  const set = (now: Buffer) => {
    whole = document === null ? now : fitted(bytes, now);
  };
  if (isToldWhole) values.push(tellBytes(bytes, { name: 'message', set }));
  const cleft = document === null && bytes.length > 0 ? apart?.(bytes) : undefined;
  if (cleft !== undefined) {
    const setApart = (now: Buffer) => {
      whole = bothChanges(cleft, fitted(cleft, now), fitted(bytes, whole));
    };
    values.push(tellBytes(cleft, { name: 'texts', set: setApart }));
  }
  return () => {
    const now = ofDocument();
    if (now === null) return whole;
    return whole === bytes ? now : bothChanges(bytes, now, whole);
  };
}

export interface TellingAs {
  readonly values: Value[];
  readonly isLeaving: boolean;
  /** What is told as well of one that is not read: as it stands, its texts apart from what says how long they are. */
  readonly apart?: (bytes: Buffer) => Buffer;
}

/** All of one length. */
function bothChanges(before: Buffer, one: Buffer, other: Buffer): Buffer {
  const out = Buffer.from(other);
  for (let at = 0; at < out.length; at += 1) if (one[at] !== before[at]) out[at] = one[at] as number;
  return out;
}

/**
 * Adds what the document holds: its texts in one line, its keys in one, and each of its bytes. Gives how it is written once
 * they were taken; null where nothing changed.
 */
function tellDocument({ leaves, write }: BinaryDocument, values: Value[], areFixed: boolean): () => Buffer | null {
  const changes = new Map<number, Buffer>();
  const texts: number[] = [];
  const keys: number[] = [];
  const others: Value[] = [];
  for (const [i, { bytes, isKey }] of leaves.entries()) {
    if (isUtf8(bytes)) (isKey ? keys : texts).push(i);
    else others.push(tellBytes(bytes, { set: (now) => void changes.set(i, now) }));
  }
  if (texts.length > 0) values.push(lineOf('fields', { leaves, those: texts, changes, areFixed }));
  if (keys.length > 0) values.push(lineOf('keys', { leaves, those: keys, changes, areFixed }));
  values.push(...others);
  return () => (changes.size === 0 ? null : write(changes));
}

interface Listing {
  readonly leaves: readonly Leaf[];
  readonly those: readonly number[];
  readonly changes: Map<number, Buffer>;
  readonly areFixed: boolean;
}

/** A list of objects of one value, which have its name; keys are their own. */
function lineOf(what: 'fields' | 'keys', { leaves, those, changes, areFixed }: Listing): Value {
  const list = those.map((i) => {
    const { name, bytes } = leaves[i] as Leaf;
    const text = bytes.toString('utf8');
    return what === 'keys' ? text : { [name]: text };
  });
  return {
    text: Buffer.from(JSON.stringify({ [what]: list })),
    take(line) {
      const [found] = Object.values(parsed(line) ?? {});
      if (!Array.isArray(found) || found.length !== those.length) return false;
      return those.every((i, at) => {
        const leaf = leaves[i] as Leaf;
        const value: unknown = what === 'keys' ? found[at] : Object.values(found[at] ?? {})[0];
        if (typeof value !== 'string') return false;
        const now = Buffer.from(value, 'utf8');
        if (!now.equals(leaf.bytes)) changes.set(i, written(leaf, now, areFixed));
        return true;
      });
    },
  };
}

function written({ bytes, isFixed = false, nought }: Leaf, now: Buffer, areFixed: boolean): Buffer {
  return nought ?? (isFixed || areFixed ? fitted(bytes, now) : now);
}
