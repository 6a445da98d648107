/** Base32 (RFC 4648 section 6), in capitals or in small letters, with or without padding. */

import { alphabet } from '../alphabet.ts';
import type { Ranges } from '../ranges.ts';
import { longRuns } from '../ranges.ts';
import type { IsWanted, Layer } from './layer.ts';
import { textsOf } from './text-in-bytes.ts';

/** Fifteen bytes: shorter ones hold no secret, and words in capitals are such runs. */
const SHORTEST = 24;
const SIGNS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Eight signs are five bytes. */
const [GROUP, BYTES] = [8, 5];

interface Case {
  readonly alphabet: Uint8Array;
  readonly signs: string;
  /** Of a byte of the alphabet. */
  readonly values: Uint8Array;
}

const CASES: readonly Case[] = [SIGNS, SIGNS.toLowerCase()].map((signs) => ({
  alphabet: alphabet(signs),
  signs,
  values: Uint8Array.from({ length: 256 }, (_, byte) => Math.max(0, signs.indexOf(String.fromCharCode(byte)))),
}));

/** `runs` are stretches of letters, digits and a few signs: those of base32 lie in them. */
export function* base32Layers(text: Buffer, runs: Ranges, isWanted: IsWanted): Generator<Layer> {
  for (let i = 0; i < runs.length; i += 2) {
    const within = [runs[i] as number, runs[i + 1] as number] as const;
    for (const of of CASES) {
      const found = longRuns(of.alphabet, text, SHORTEST, within);
      for (let j = 0; j < found.length; j += 2) {
        const [start, end] = [found[j] as number, found[j + 1] as number];
        if (!isWanted(start, end)) continue;
        // It may be out of step: by what was cut off before this text, or by letters that stand before it.
        for (let skip = 0; skip < GROUP; skip += 1) yield* textsOfRun(text, start + skip, end, of);
      }
    }
  }
}

/** What a run of base32 holds, or the texts in that. */
export function base32Texts(run: Buffer): Iterable<Layer> {
  const of = CASES.find(({ alphabet: set }) => run.every((byte) => set[byte] === 1));
  return of === undefined ? [] : textsOfRun(run, 0, run.length, of);
}

function textsOfRun(text: Buffer, start: number, end: number, of: Case): Iterable<Layer> {
  const decoded = decode(text.subarray(start, end), of);
  const outer = (from: number, to: number): readonly [number, number] => [
    start + Math.floor(from / BYTES) * GROUP,
    Math.min(end, start + Math.ceil(to / BYTES) * GROUP),
  ];
  return textsOf({
    ...{ encoding: 'base32', decoded, outer },
    encode(from, to, replacement) {
      const before = decoded.subarray(from - (from % BYTES), from);
      const after = decoded.subarray(to, Math.ceil(to / BYTES) * BYTES);
      const length = before.length + replacement.length + after.length;
      // What follows stays in step: the next group, or the padding of a last one that was short.
      const short = outer(from, to)[1] === end ? decoded.length % BYTES : 0;
      const filler = Buffer.alloc((BYTES + short - (length % BYTES)) % BYTES, '*');
      // Behind a closing quote it would be out of the string.
      const tail = replacement.at(-1) === 0x22 ? 1 : 0;
      const head = replacement.subarray(0, replacement.length - tail);
      return encode(Buffer.concat([before, head, filler, replacement.subarray(head.length), after]), of);
    },
  });
}

/** Bits that make no whole byte are left out. */
function decode(run: Uint8Array, { values }: Case): Buffer {
  const out = Buffer.alloc(Math.floor((run.length * BYTES) / GROUP));
  let [bits, count, at] = [0, 0, 0];
  for (const byte of run) {
    bits = ((bits << 5) | (values[byte] as number)) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    out[at++] = bits >>> count;
  }
  return out;
}

/** Without padding. */
function encode(bytes: Uint8Array, { signs }: Case): Buffer {
  let out = '';
  let [bits, count] = [0, 0];
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    for (count += 8; count >= 5; count -= 5) out += signs[(bits >>> (count - 5)) & 31];
  }
  if (count > 0) out += signs[(bits << (5 - count)) & 31];
  return Buffer.from(out, 'latin1');
}
