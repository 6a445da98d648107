/**
 * Bodies with a content encoding: decoded within bounds, filtered, and encoded again the same way, so that the header
 * stays true. A bomb, an unknown or a stacked encoding is not scannable, and the profile says what that means (T-34).
 */

import type { Verdict } from '../core/finding.ts';
import { GrowingBytes } from '../core/growing-bytes.ts';
import type { BodyStream } from './body-filter.ts';
import { CODINGS, codingBy, isTooLarge, mayBeCoded } from './codings.ts';
import type { GuardContext } from './guard-context.ts';
import { mayPassUnread } from './judge.ts';
import { after, inTurn, type Later } from './later.ts';
import { type Hands, SMALL } from './workers/hands.ts';

export function isIdentity(encoding: string): boolean {
  return encoding === '' || encoding.toLowerCase() === 'identity';
}

/** The same encoding of what `change` makes of the body; as it came where nothing is changed or it cannot be decoded. */
export function recoded(
  bytes: Buffer,
  encoding: string,
  { max, change }: { readonly max: number; readonly change: (plain: Buffer) => Buffer },
): Buffer {
  const coding = CODINGS[encoding.trim().toLowerCase()];
  if (coding === undefined) return bytes;
  let plain: Buffer;
  try {
    plain = coding.decode(bytes, max);
  } catch {
    return bytes;
  }
  const changed = change(plain);
  return changed.equals(plain) ? bytes : coding.encode(changed);
}

export interface Encoded {
  readonly context: GuardContext;
  /** Largest body, before and after decoding. */
  readonly max: number;
  /** Who decodes and encodes what is large; absent: it is done here. */
  readonly hands?: Hands | undefined;
}

/** Decoded bytes go on in such pieces. */
const PIECE = 256 * 1024;

/** Wraps a plain filter. Holds the whole encoded body, `max` bytes of it and of what it unpacks to. */
export function encodedFilter(plain: BodyStream, { context, max, hands }: Encoded): BodyStream {
  const name = context.contentEncoding.trim().toLowerCase();
  const coding = CODINGS[name];
  const held = new GrowingBytes();
  let gaveUp = false;
  let blocked = false;

  const giveUp = (): Uint8Array[] => {
    gaveUp = true;
    const out = held.release();
    if (mayPassUnread(context)) return [out];
    blocked = true;
    return [];
  };
  const decodedElsewhere = async (by: Hands): Promise<Uint8Array | null> => {
    const { chunks, decoded } = await by.decode([Uint8Array.from(held.release())], name, {
      max,
      tenant: context.tenant,
    });
    for (const chunk of chunks) held.append(chunk);
    return decoded;
  };
  /** Null where it cannot be decoded within bounds. */
  const decoded = (): Later<Uint8Array | null> => {
    if (hands !== undefined && held.length > SMALL) return decodedElsewhere(hands);
    try {
      return coding?.decode(held.bytes, hands === undefined ? max : Math.min(max, SMALL)) ?? null;
    } catch (error) {
      // A little of it may be much: that is not found out here.
      return hands !== undefined && isTooLarge(error) && max > SMALL ? decodedElsewhere(hands) : null;
    }
  };
  const encoded = (out: readonly Uint8Array[]): Later<Uint8Array[]> => {
    if (hands !== undefined && lengthOf(out) > SMALL)
      return hands.encode(out, name, context.tenant).then((bytes) => [bytes]);
    return coding === undefined ? [] : [coding.encode(Buffer.concat(out))];
  };
  const filtered = (bytes: Uint8Array): Later<Uint8Array[]> => {
    const passed = inTurn(piecesOf(bytes), (piece) => plain.push(piece));
    return after(passed, (first) =>
      after(plain.end(), (last) => {
        if (plain.blocked) return [];
        const out = [...first, ...last];
        // Untouched bodies go on as they came, byte for byte.
        return isSame(out, bytes) ? [held.release()] : encoded(out);
      }),
    );
  };
  return {
    push(chunk) {
      if (blocked) return [];
      if (gaveUp) return [chunk];
      held.copy(chunk, max);
      return !coding || held.length > max ? giveUp() : [];
    },
    // Half of an encoded body says nothing.
    idle: () => [],
    end() {
      if (blocked || gaveUp || held.length === 0 || !coding) return [];
      return after(decoded(), (bytes) => (bytes === null ? giveUp() : filtered(bytes)));
    },
    verdict(): Verdict {
      return gaveUp ? { ...plain.verdict(), ...(blocked && { action: 'block' }), unread: true } : plain.verdict();
    },
    get blocked() {
      return blocked || plain.blocked;
    },
  };
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / PIECE);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * PIECE, (i + 1) * PIECE));
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

function isSame(pieces: readonly Uint8Array[], bytes: Uint8Array): boolean {
  if (lengthOf(pieces) !== bytes.length) return false;
  let at = 0;
  return pieces.every((piece) => {
    const from = at;
    at += piece.length;
    return Buffer.compare(piece, bytes.subarray(from, at)) === 0;
  });
}

const NOTHING = Buffer.alloc(0);

/** Wraps a plain filter: the first bytes of the body say whether it has to be decoded. */
export function sniffedFilter(plain: BodyStream, encoded: Encoded): BodyStream {
  let head: Buffer = NOTHING;
  let chosen: BodyStream | null = null;
  const choose = (): BodyStream => {
    const coding = codingBy(head);
    if (coding === undefined) return plain;
    return encodedFilter(plain, { ...encoded, context: { ...encoded.context, contentEncoding: coding } });
  };
  const begin = (): Later<Uint8Array[]> => {
    chosen = choose();
    const first = head;
    head = NOTHING;
    return chosen.push(first);
  };
  /** The beginning of a magic is held for the next byte. */
  const isOpen = () => mayBeCoded(head);
  return {
    push(chunk) {
      if (chosen !== null) return chosen.push(chunk);
      head = head.length === 0 ? Buffer.from(chunk) : Buffer.concat([head, chunk]);
      return isOpen() ? [] : begin();
    },
    idle: () => chosen?.idle() ?? [],
    end() {
      return after(chosen === null ? begin() : [], (first) =>
        after((chosen as BodyStream).end(), (last) => [...first, ...last]),
      );
    },
    verdict: () => (chosen ?? plain).verdict(),
    get blocked() {
      return (chosen ?? plain).blocked;
    },
  };
}
