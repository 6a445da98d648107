/**
 * Bodies with a content encoding: decoded within bounds, filtered, and encoded again the same way, so that the header
 * stays true. A bomb, an unknown or a stacked encoding is not scannable, and the profile says what that means (T-34).
 */

import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import type { Verdict } from '../core/finding.ts';
import type { BodyFilter } from './body-filter.ts';
import type { GuardContext } from './guard-context.ts';

interface Coding {
  readonly decode: (bytes: Buffer, max: number) => Buffer;
  readonly encode: (bytes: Buffer) => Buffer;
}

const CODINGS: Readonly<Record<string, Coding>> = {
  gzip: { decode: (b, maxOutputLength) => gunzipSync(b, { maxOutputLength }), encode: (b) => gzipSync(b) },
  'x-gzip': { decode: (b, maxOutputLength) => gunzipSync(b, { maxOutputLength }), encode: (b) => gzipSync(b) },
  deflate: { decode: (b, maxOutputLength) => inflateSync(b, { maxOutputLength }), encode: (b) => deflateSync(b) },
  br: {
    decode: (b, maxOutputLength) => brotliDecompressSync(b, { maxOutputLength }),
    encode: (b) => brotliCompressSync(b),
  },
  zstd: {
    decode: (b, maxOutputLength) => zstdDecompressSync(b, { maxOutputLength }),
    encode: (b) => zstdCompressSync(b),
  },
};

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

/** Wraps a plain filter. Holds the whole encoded body, `max` bytes of it and of what it unpacks to. */
export function encodedFilter(plain: BodyFilter, context: GuardContext, max: number): BodyFilter {
  const coding = CODINGS[context.contentEncoding.trim().toLowerCase()];
  let held: Buffer[] = [];
  let size = 0;
  let gaveUp = false;
  let blocked = false;

  const giveUp = (): Uint8Array[] => {
    gaveUp = true;
    const out = held;
    held = [];
    if (context.settings.unscannable === 'pass') return out;
    blocked = true;
    return [];
  };
  return {
    push(chunk) {
      if (blocked) return [];
      if (gaveUp) return [chunk];
      held.push(Buffer.from(chunk));
      size += chunk.length;
      return !coding || size > max ? giveUp() : [];
    },
    // Half of an encoded body says nothing.
    idle: () => [],
    end() {
      if (blocked || gaveUp || size === 0 || !coding) return [];
      let decoded: Buffer;
      try {
        decoded = coding.decode(Buffer.concat(held), max);
      } catch {
        return giveUp();
      }
      const out = Buffer.concat([...plain.push(decoded), ...plain.end()]);
      if (plain.blocked) return [];
      // Untouched bodies go on as they came, byte for byte.
      return out.equals(decoded) ? held : [coding.encode(out)];
    },
    verdict(): Verdict {
      return blocked ? { ...plain.verdict(), action: 'block' } : plain.verdict();
    },
    get blocked() {
      return blocked || plain.blocked;
    },
  };
}

/** First bytes of bodies that are compressed though nothing says so, as files are. */
const MAGIC: readonly (readonly [coding: string, magic: Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b, 0x08])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['deflate', Buffer.from([0x78, 0x9c])],
  ['deflate', Buffer.from([0x78, 0xda])],
];
const LONGEST_MAGIC = 4;

/** Wraps a plain filter: the first bytes of the body say whether it has to be decoded. */
export function sniffedFilter(plain: BodyFilter, context: GuardContext, max: number): BodyFilter {
  let head = Buffer.alloc(0);
  let chosen: BodyFilter | null = null;
  const choose = (): BodyFilter => {
    const coding = MAGIC.find(([, magic]) => head.subarray(0, magic.length).equals(magic))?.[0];
    return coding === undefined ? plain : encodedFilter(plain, { ...context, contentEncoding: coding }, max);
  };
  const begin = (): Uint8Array[] => {
    chosen = choose();
    const first = head;
    head = Buffer.alloc(0);
    return chosen.push(first);
  };
  /** The beginning of a magic is held for the next byte. */
  const isOpen = () =>
    head.length < LONGEST_MAGIC && MAGIC.some(([, magic]) => magic.subarray(0, head.length).equals(head));
  return {
    push(chunk) {
      if (chosen !== null) return chosen.push(chunk);
      head = Buffer.concat([head, chunk]);
      return isOpen() ? [] : begin();
    },
    idle: () => chosen?.idle() ?? [],
    end() {
      const first = chosen === null ? begin() : [];
      return [...first, ...(chosen as BodyFilter).end()];
    },
    verdict: () => (chosen ?? plain).verdict(),
    get blocked() {
      return (chosen ?? plain).blocked;
    },
  };
}
