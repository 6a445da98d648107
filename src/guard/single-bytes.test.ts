/** T-45, T-34: bodies that come in single bytes, as a body in chunks of one does, cost what their bytes cost. */

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it, vi } from 'vitest';
import { copiedBy, inPieces } from '../../test/counted-copies.ts';
import { contextOf } from '../../test/dlp/guard-context.ts';
import { ruleSet, SAMPLE_RULES } from '../../test/dlp/small-rules.ts';
import { createGuard } from './guard.ts';

const rules = ruleSet(SAMPLE_RULES);
const guard = createGuard({ rules, fingerprintKey: Buffer.alloc(32, 1) });

afterEach(() => vi.restoreAllMocks());

function through(direction: 'request' | 'result', contentEncoding: string, bytes: Buffer) {
  const filter = guard.filter(contextOf({ task: 'k', direction, contentEncoding }));
  const out: Uint8Array[] = [];
  const made = vi.spyOn(Buffer, 'allocUnsafe');
  let pieces = 0;
  const copied = copiedBy(() => {
    for (const piece of inPieces(bytes, 1)) out.push(...filter.push(piece));
    pieces = vi.mocked(Uint8Array.from).mock.calls.length + made.mock.calls.length;
    out.push(...filter.end());
  });
  return { copied, pieces, out: Buffer.concat(out) };
}

it.each(['request', 'result'] as const)('T-45 a %s is moved a few times, and held in few pieces', (direction) => {
  const body = Buffer.from('a b '.repeat(8000));
  const { copied, pieces, out } = through(direction, '', body);
  expect(out.equals(body)).toBe(true);
  expect(copied).toBeLessThan(16 * body.length);
  expect(pieces).toBeLessThan(100);
});

it('T-34 one that is encoded is put together once, and goes on as it came', () => {
  const packed = gzipSync(Buffer.from(createHash('sha512').update('x').digest('hex').repeat(150)), { level: 0 });
  const { copied, pieces, out } = through('result', 'gzip', packed);
  expect(out.equals(packed)).toBe(true);
  expect(copied).toBeLessThan(16 * packed.length);
  expect(pieces).toBeLessThan(100);
});
