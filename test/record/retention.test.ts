import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { exportProofLine } from '../../src/audit/export-proof.ts';
import { openLog } from '../../src/audit/log.ts';
import { keptFrom, latestPruning, recordPruning, writePruning } from '../../src/audit/pruning.ts';
import { readEntries } from '../../src/audit/read.ts';
import { agedSegments, removeSegments, SEGMENT_ENTRIES, sealSegments } from '../../src/audit/retention.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import { verifyExport } from '../../src/audit/verify-export.ts';
import { recordedDecisions } from '../../src/cli/recorded-events.ts';
import { NO_CONTROLS } from '../../src/core/controls.ts';
import { ulid } from '../../src/core/ids.ts';
import { decisionBody, logOptions, newSigner, verifierFor } from './log-fixture.ts';
import { temporaryDir } from './temporary-dir.ts';

it('seals and prunes whole segments; what remains verifies, and a segment that nobody recorded as pruned is missing', async () => {
  const state = temporaryDir();
  const dir = join(state, 'audit');
  const signer = newSigner();
  const verifiers = [verifierFor(signer)];
  const log = await openLog(logOptions(dir, signer, { durability: 'relaxed' }));
  const common = { tenant: null, task: null } as const;
  const size = SEGMENT_ENTRIES + 300;
  for (let n = 0; n < size; n += 1024) {
    const some = Array.from({ length: Math.min(1024, size - n) }, (_, i) =>
      log.record({ type: 'node.started', id: `e_${n + i}`, ...common, version: '0', runtime: 'test' }),
    );
    await Promise.all(some);
  }
  await log.publish();
  const at = { dir, size };
  expect(agedSegments(at, 0)).toBe(0);
  expect(agedSegments(at, Date.UTC(2030, 0, 1))).toBe(1);
  expect(await sealSegments(at, 0, 1)).toBe(1);
  expect(existsSync(join(dir, 'tile/entries/000'))).toBe(false);
  expect(verifyLog(dir, { verifiers })).toMatchObject({ ok: true, checked: size, firstKept: 0 });

  const pruned = { type: 'log.pruned', id: 'e_p', ...common, first_kept: SEGMENT_ENTRIES } as const;
  const controls = { ...NO_CONTROLS, version: 4 };
  const { seq } = await log.record({ ...pruned, by: 'test', why: 'test', controls });
  await log.record(decisionBody(1));
  await log.publish();
  await writePruning(dir, seq);
  expect(latestPruning(dir)?.first_kept).toBe(SEGMENT_ENTRIES);
  await removeSegments({ dir, size: seq + 2 }, SEGMENT_ENTRIES);
  expect(existsSync(join(dir, 'tile/0/000'))).toBe(false);
  await log.close();
  expect(verifyLog(dir, { verifiers })).toMatchObject({ ok: true, firstKept: SEGMENT_ENTRIES, checked: 302 });
  expect([...readEntries(dir, SEGMENT_ENTRIES)]).toHaveLength(302);
  expect([...recordedDecisions(state)]).toMatchObject([{ event: { input: { controls: 4 } }, controls }]);
  const kept = [...readEntries(dir, SEGMENT_ENTRIES)].map(({ bytes }) => bytes);
  const exported = [Buffer.from(exportProofLine(dir, SEGMENT_ENTRIES) ?? ''), ...kept];
  const proven = { ok: true, first: SEGMENT_ENTRIES, end: seq + 2, size: seq + 2 };
  expect(verifyExport(exported, { checkpoint: null, verifiers, tiles: null })).toMatchObject(proven);
  const checkpoint = readFileSync(join(dir, 'checkpoint'));
  expect(verifyExport(kept, { checkpoint, verifiers, tiles: dir })).toMatchObject(proven);
  rmSync(join(dir, 'pruned'));
  expect(verifyLog(dir, { verifiers }).fault).toMatchObject({ seq: 0, kind: 'missing' });
}, 60_000);

it('tells of controls that are too many for one entry in several, none of them shortened', async () => {
  const dir = temporaryDir();
  const log = await openLog(logOptions(dir, newSigner()));
  const mark = { by: 'ann', why: 'an incident, told at length', at: 1, until: null, change: 'c_1' };
  const marks = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`t_${n}`, mark]));
  const hostOverrides = Array.from({ length: 400 }, (_, n) => {
    return { ...mark, effect: 'deny', host: `h${n}.example.org`, tenant: null } as const;
  });
  const controls = { ...NO_CONTROLS, version: 1000, killedTasks: marks, hostOverrides };
  const newId = () => ulid('e', 1, randomBytes(10));
  const pruned = { first_kept: 0, by: 'test', why: 'test' };
  const seqs = [
    await recordPruning(log, { ...pruned, controls }, newId),
    await recordPruning(log, { ...pruned, controls: NO_CONTROLS }, newId),
  ];
  await log.publish();
  const found = [];
  for (const seq of seqs) {
    await writePruning(dir, seq);
    found.push({ controls: keptFrom(dir)?.controls, alone: latestPruning(dir)?.parts === undefined });
  }
  await log.close();
  expect(found).toEqual([
    { controls, alone: false },
    { controls: NO_CONTROLS, alone: true },
  ]);
  expect([...readEntries(dir)].some(({ bytes }) => bytes.includes('truncated'))).toBe(false);
});
