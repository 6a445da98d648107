/**
 * Messages of protobuf without their schema. A field with a length may hold a text, bytes or another message: it is taken for
 * a message where it can be read as one that holds texts, else for a text where it is one. What could be either keeps its
 * length; of all else the lengths round it are written anew.
 */

import { isUtf8 } from 'node:buffer';
import { type BinaryDocument, DEEPEST, type Leaf, MOST_LEAVES, SHORTEST_HIDDEN } from './document.ts';

/** Null for what cannot be read, or has too many texts. */
export function readProtobuf(bytes: Buffer): BinaryDocument | null {
  return new Reader(bytes).document();
}

/** A field that has a length. */
interface Field {
  /** Where its length stands, and its content. */
  readonly lengthAt: number;
  readonly from: number;
  readonly to: number;
  readonly leaf: number;
  /** Of a message. */
  readonly inner: readonly Field[];
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** A message that is being read: where it ends, where it stands, and what is open in it. */
interface Walk {
  readonly to: number;
  readonly path: string;
  readonly depth: number;
  readonly fields: Field[];
  readonly groups: number[];
}

const LAST_FIELD = 2 ** 29 - 1;
const [VARINT, FIXED_64, LENGTH, GROUP, GROUP_END, FIXED_32] = [0, 1, 2, 3, 4, 5];

class Reader {
  readonly #bytes: Buffer;
  readonly #leaves: Leaf[] = [];
  /** Of the leaves. */
  #texts = 0;
  #isDoubtful = false;
  /** Printable signs in a row outside of leaves. */
  #run = 0;
  #value = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  document(): BinaryDocument | null {
    const bytes = this.#bytes;
    const fields = this.#message({ from: 0, to: bytes.length }, '', 0);
    if (fields === null || this.#leaves.length > MOST_LEAVES) return null;
    const write = (changes: ReadonlyMap<number, Buffer>) =>
      rewritten(bytes, { from: 0, to: bytes.length }, fields, changes) ?? bytes;
    const isDoubtful = this.#isDoubtful || isOpenText(bytes, { from: 0, to: bytes.length });
    return { leaves: this.#leaves, write, isDoubtful };
  }

  #message({ from, to }: Span, path: string, depth: number): Field[] | null {
    const walk: Walk = { to, path, depth, fields: [], groups: [] };
    for (let at = from; at < to; ) {
      at = this.#next(at, walk);
      if (at < 0 || at > to) return null;
    }
    return walk.groups.length === 0 ? walk.fields : null;
  }

  /** Behind the field; -1, or a place beyond the message, where it is none. */
  #next(begun: number, walk: Walk): number {
    const at = this.#varint(begun, walk.to);
    const [number, type] = [Math.floor(this.#value / 8), this.#value % 8];
    if (at < 0 || number < 1 || number > LAST_FIELD || this.#leaves.length > MOST_LEAVES) return -1;
    const next = type === LENGTH ? this.#varint(at, walk.to) : this.#short(at, { type, number }, walk);
    if (next < 0 || next > walk.to) return -1;
    this.#look(begun, next);
    if (type !== LENGTH) return next;
    const to = next + this.#value;
    if (to > walk.to) return -1;
    if (to > next) walk.fields.push(this.#field({ from: next, to }, { lengthAt: at, number }, walk));
    return to;
  }

  #short(
    at: number,
    { type, number }: { readonly type: number; readonly number: number },
    { to, groups }: Walk,
  ): number {
    if (type === VARINT) return this.#varint(at, to);
    if (type === FIXED_64) return at + 8;
    if (type === FIXED_32) return at + 4;
    if (type === GROUP) return groups.push(number) > DEEPEST ? -1 : at;
    return type === GROUP_END && groups.pop() === number ? at : -1;
  }

  #field(
    span: Span,
    { lengthAt, number }: { readonly lengthAt: number; readonly number: number },
    { path, depth }: Walk,
  ): Field {
    const name = path === '' ? `${number}` : `${path}.${number}`;
    const content = this.#bytes.subarray(span.from, span.to);
    const before = { leaves: this.#leaves.length, texts: this.#texts, isDoubtful: this.#isDoubtful };
    const inner = depth < DEEPEST ? this.#message(span, name, depth + 1) : null;
    const isText = isUtf8(content);
    if (inner !== null && (this.#texts > before.texts || !isText)) {
      this.#isDoubtful ||= isOpenText(this.#bytes, span);
      return { lengthAt, ...span, leaf: -1, inner };
    }
    this.#leaves.length = before.leaves;
    this.#texts = before.texts + (isText ? 1 : 0);
    this.#isDoubtful = before.isDoubtful;
    this.#run = 0;
    this.#leaves.push({ name, bytes: content, isFixed: inner !== null });
    return { lengthAt, ...span, leaf: this.#leaves.length - 1, inner: [] };
  }

  /** Text outside of what has a length: tags and numbers hold none but by chance. */
  #look(from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      const byte = this.#bytes[at] as number;
      this.#run = byte >= 0x20 && byte < 0x7f ? this.#run + 1 : 0;
      this.#isDoubtful ||= this.#run >= SHORTEST_HIDDEN;
    }
  }

  /** The place behind a number, which is in `#value`; -1 where there is none. */
  #varint(from: number, to: number): number {
    this.#value = 0;
    let scale = 1;
    for (let at = from; at < to && at < from + 10; at += 1) {
      const byte = this.#bytes[at] as number;
      this.#value += (byte & 0x7f) * scale;
      if (byte < 0x80) return at + 1;
      scale *= 128;
    }
    return -1;
  }
}

/** Whether all of it is text that does not begin as a message with a text in its first field does. */
function isOpenText(bytes: Buffer, { from, to }: Span): boolean {
  const content = bytes.subarray(from, to);
  const first = content[0] as number;
  return first >= 0x20 && isUtf8(content) && content.every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13));
}

/** Null where nothing in it changes. */
function rewritten(
  bytes: Buffer,
  { from, to }: Span,
  fields: readonly Field[],
  changes: ReadonlyMap<number, Buffer>,
): Buffer | null {
  const out: Buffer[] = [];
  let at = from;
  for (const field of fields) {
    const now = field.leaf < 0 ? rewritten(bytes, field, field.inner, changes) : changes.get(field.leaf);
    if (!now) continue;
    out.push(bytes.subarray(at, field.lengthAt), varint(now.length), now);
    at = field.to;
  }
  return out.length === 0 ? null : Buffer.concat([...out, bytes.subarray(at, to)]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 128)) out.push((left % 128) | 0x80);
  return Buffer.from([...out, left]);
}
