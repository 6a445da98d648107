/**
 * Clean results of the last week, for the rule editor: what an edited rule would have tripped on. Off unless the
 * configuration asks for it; only in memory, only whole and small results in which nothing was found, as they left the
 * guard. When more come than are kept, each has the same chance to be among them (reservoir sampling, Vitter 1985).
 */

import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { BodyFilter, BodyStream } from '../../guard/body-filter.ts';
import type { Guard } from '../../guard/guard.ts';
import type { GuardContext } from '../../guard/guard-context.ts';
import { after, type Later } from '../../guard/later.ts';

export interface CleanSample {
  /** Epoch ms. */
  readonly at: number;
  readonly tenant: string;
  readonly bytes: Buffer;
}

/** Larger results are not kept. */
const MOST_BYTES = 16_384;
const WEEK_MS = 7 * 86_400_000;
const UNPACK = { gzip: gunzipSync, 'x-gzip': gunzipSync, br: brotliDecompressSync, deflate: inflateSync } as const;

export class CleanSamples {
  readonly #most: number;
  readonly #now: () => number;
  readonly #random: () => number;
  #kept: CleanSample[] = [];
  #offered = 0;

  constructor(most: number, now: () => number, random: () => number = Math.random) {
    this.#most = most;
    this.#now = now;
    this.#random = random;
  }

  get most(): number {
    return this.#most;
  }

  offer(tenant: string, bytes: Buffer): void {
    this.#offered += 1;
    const sample = { at: this.#now(), tenant, bytes };
    if (this.#kept.length < this.#most) this.#kept.push(sample);
    else {
      const at = Math.floor(this.#random() * this.#offered);
      if (at < this.#most) this.#kept[at] = sample;
    }
  }

  /** Those of the last week, oldest first; older ones are forgotten. */
  list(): readonly CleanSample[] {
    const oldest = this.#now() - WEEK_MS;
    const kept = this.#kept.filter(({ at }) => at > oldest);
    if (kept.length < this.#kept.length) this.#offered = kept.length;
    this.#kept = kept;
    return kept.toSorted((a, b) => a.at - b.at);
  }
}

/** The same guard; what it let through without a finding is offered. */
export function samplingGuard(guard: Guard, samples: CleanSamples): Guard {
  if (samples.most === 0) return guard;
  return {
    ...guard,
    filter: (context) => sampled(guard.filter(context), context, samples) as BodyFilter,
    stream: (context) => sampled(guard.stream(context), context, samples),
  };
}

function sampled(inner: BodyStream, context: GuardContext, samples: CleanSamples): BodyStream {
  if (context.direction !== 'result') return inner;
  let pieces: Uint8Array[] = [];
  let size = 0;
  const seen = (given: Later<Uint8Array[]>) =>
    after(given, (out) => {
      for (const piece of out) size += piece.length;
      // The caller may change what it was given: what is kept is a copy.
      pieces = size > MOST_BYTES ? [] : [...pieces, ...out.map((piece) => Buffer.from(piece))];
      return out;
    });
  return {
    push: (chunk) => seen(inner.push(chunk)),
    idle: () => seen(inner.idle()),
    end: () =>
      after(seen(inner.end()), (out) => {
        const whole = size > 0 && size <= MOST_BYTES && !inner.blocked && inner.verdict().findings.length === 0;
        const bytes = whole ? readable(Buffer.concat(pieces), context.contentEncoding) : null;
        if (bytes !== null) samples.offer(context.tenant, bytes);
        return out;
      }),
    verdict: () => inner.verdict(),
    get blocked() {
      return inner.blocked;
    },
  };
}

/** Text as a person reads it; null for what is none. */
function readable(bytes: Buffer, encoding: string): Buffer | null {
  const text = unpacked(bytes, encoding.trim().toLowerCase());
  return text === null || text.includes(0) ? null : text;
}

function unpacked(bytes: Buffer, encoding: string): Buffer | null {
  if (encoding === '' || encoding === 'identity') return bytes;
  const unpack = UNPACK[encoding as keyof typeof UNPACK];
  try {
    return unpack === undefined ? null : unpack(bytes, { maxOutputLength: MOST_BYTES * 4 });
  } catch {
    return null;
  }
}
