/** Others have their turn between small parts of a binary body (T-45). */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { field, grpcMessage } from '../../../test/dlp/binary-formats.ts';
import type { BodyStream } from '../body-filter.ts';
import { documentFraming } from './document-framing.ts';
import { framedFilter } from './framed-filter.ts';
import type { Framing } from './framing.ts';
import { grpcFraming } from './grpc-framing.ts';
import { readProtobuf } from './protobuf.ts';

const OPTIONS = { most: 1024 * 1024, isLeaving: false };

/** Lines that leave as they come. */
function unchanged(blocksAt = Number.POSITIVE_INFINITY): BodyStream {
  let seen = 0;
  const push = (chunk: Uint8Array) => {
    seen += chunk.length;
    return seen < blocksAt ? [chunk] : [];
  };
  return {
    push,
    idle: () => [],
    end: () => [],
    verdict: () => ({ action: 'pass', findings: [], more: 0 }),
    get blocked() {
      return seen >= blocksAt;
    },
  };
}

async function run(framing: Framing, chunks: readonly Buffer[], lines = unchanged()) {
  let pauses = 0;
  const pause = async () => {
    pauses += 1;
  };
  const filter = framedFilter(lines, { framing, mayGiveUp: true, pause });
  const out: Uint8Array[] = [];
  for (const chunk of [...chunks]) out.push(...(await filter.push(chunk)));
  out.push(...(await filter.end()));
  return { body: Buffer.concat(out), pauses };
}

const small = grpcMessage(field(1, 'a'));
const many = Buffer.concat(Array.from({ length: 8192 }, () => small));

it('pauses after each few kilobytes of small messages, which go on as they were', async () => {
  const { body, pauses } = await run(grpcFraming(OPTIONS), [many]);
  expect(body.equals(many)).toBe(true);
  expect(pauses).toBeGreaterThanOrEqual(many.length / 4096);
});

it('does not pause for what is small, or of which nothing is told yet', async () => {
  expect((await run(grpcFraming(OPTIONS), [many.subarray(0, small.length * 100)])).pauses).toBe(0);
  const document = field(1, 'a'.repeat(100_000));
  const { body, pauses } = await run(documentFraming(readProtobuf, OPTIONS), [document]);
  expect([body.equals(document), pauses]).toEqual([true, 0]);
});

it('gives the same where a body stops being readable in the middle, however it comes', async () => {
  const broken = fc.tuple(fc.nat(2000), fc.nat(20_000), fc.array(fc.nat(30_000), { maxLength: 4 }));
  await fc.assert(
    fc.asyncProperty(broken, async ([messages, junk, cuts]) => {
      const body = Buffer.concat([many.subarray(0, messages * small.length), Buffer.alloc(junk, 0xee)]);
      const at = [...cuts.filter((cut) => cut < body.length), body.length].sort((a, b) => a - b);
      const chunks = at.map((to, i) => body.subarray(at[i - 1] ?? 0, to));
      expect((await run(grpcFraming(OPTIONS), chunks)).body.equals(body)).toBe(true);
    }),
    { numRuns: 40 },
  );
});

it('gives nothing of a chunk in which something blocks', async () => {
  expect((await run(grpcFraming(OPTIONS), [many], unchanged(50_000))).body.length).toBe(0);
});
