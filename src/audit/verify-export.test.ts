import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decisionBody, logOptions, newSigner, verifierFor } from '../../test/record/log-fixture.ts';
import { temporaryDir } from '../../test/record/temporary-dir.ts';
import { exportProofLine } from './export-proof.ts';
import { openLog } from './log.ts';
import { readEntries } from './read.ts';
import { type ExportReport, verifyExport } from './verify-export.ts';

const COUNT = 700;
const dir = temporaryDir();
const signer = newSigner();
const verifiers = [verifierFor(signer)];
/** The entries as an export has them. */
let entries: Buffer[] = [];

beforeAll(async () => {
  const log = await openLog(logOptions(dir, signer));
  for (let n = 0; n < COUNT; n += 1) await log.record(decisionBody(n));
  await log.close();
  entries = [...readEntries(dir)].map(({ bytes }) => bytes);
});

const part = (from: number, to = COUNT): Buffer[] => [
  Buffer.from(exportProofLine(dir, from, to) ?? ''),
  ...entries.slice(from, to),
];
/** As somebody does who has nothing but the file and the key. */
const alone = (lines: readonly Buffer[]): ExportReport =>
  verifyExport(lines, { checkpoint: null, verifiers, tiles: null });

/** Changes what the first line says. */
const claiming = (lines: Buffer[], claim: object): Buffer[] => {
  const said = JSON.parse(String(lines[0])) as { export: object };
  return [Buffer.from(JSON.stringify({ export: { ...said.export, ...claim } })), ...lines.slice(1)];
};

describe('an export of a part of a log', () => {
  it.each([
    [0, 700],
    [1, 700],
    [255, 700],
    [256, 700],
    [512, 513],
    [699, 700],
    [3, 259],
  ])('from %i and before %i verifies by itself', (from, to) => {
    expect(alone(part(from, to))).toEqual({ ok: true, fault: null, first: from, end: to, size: COUNT, beyond: 0 });
  });

  it('says what stands after what was proven, and has no proof of what no checkpoint covers', () => {
    expect(alone([...part(256), Buffer.from('{}')])).toMatchObject({ ok: true, beyond: 1 });
    expect(exportProofLine(dir, COUNT)).toBeNull();
  });

  it('has no proof where the hashes that it takes are missing, and that is said with what to do', () => {
    const copy = temporaryDir();
    cpSync(dir, copy, { recursive: true });
    rmSync(join(copy, 'tile/0'), { recursive: true });
    const message = expect.stringMatching(/^the hash of entry \d+ is not kept.*`audit verify`.*without a proof/);
    expect(() => exportProofLine(copy, 300)).toThrow(expect.objectContaining({ code: 'NO_PROOF', message }));
  });

  it('is found in the log by its first line where it carries no proof', () => {
    const lines = entries.slice(300);
    const at = verifyExport(lines, { checkpoint: exportCheckpoint(), verifiers, tiles: dir });
    expect(at).toMatchObject({ ok: true, first: 300, end: COUNT });
    const away = verifyExport(lines, { checkpoint: exportCheckpoint(), verifiers, tiles: null });
    expect(away).toMatchObject({ ok: false, fault: { seq: 400, kind: 'truncated' } });
  });

  const CASES: readonly [string, () => readonly Buffer[], object][] = [
    ['without its first entry', () => part(300).toSpliced(1, 1), { kind: 'truncated', seq: 699 }],
    ['without its last', () => part(300).slice(0, -1), { kind: 'truncated', seq: 699 }],
    ['with an altered entry', () => part(300).with(7, Buffer.from('{}')), { kind: 'altered', seq: 300 }],
    ['with two entries in each other’s place', () => swapped(part(300)), { kind: 'altered', seq: 300 }],
    ['that is said to begin elsewhere', () => claiming(part(300), { first: 301 }), { kind: 'altered' }],
    ['that is said to end elsewhere', () => claiming(part(300, 600), { end: 599 }), { kind: 'altered' }],
    ['with too few hashes', () => claiming(part(300), { before: [] }), { kind: 'altered' }],
    ['with a hash too many', () => claiming(part(300), { after: ['A'.repeat(43).concat('=')] }), { kind: 'altered' }],
    ['of no entry at all', () => claiming(part(300), { end: 300 }), { kind: 'altered' }],
    ['beyond its checkpoint', () => claiming(part(300), { end: 701 }), { kind: 'altered' }],
    ['with more in its first line', () => claiming(part(300), { note: 'x' }), { kind: 'altered' }],
  ];
  it.each(CASES)('T-80 does not verify %s', (_, lines, fault) => {
    expect(alone(lines())).toMatchObject({ ok: false, fault });
  });

  it('T-80 does not verify under a key or a checkpoint of another', async () => {
    const foreign = verifyExport(part(300), { checkpoint: null, verifiers: [verifierFor(newSigner())], tiles: null });
    expect(foreign.fault).toMatchObject({ kind: 'wrong_key' });
    const other = temporaryDir();
    const log = await openLog(logOptions(other, signer));
    const under = (checkpoint: string) => verifyExport(part(300), { checkpoint, verifiers, tiles: null }).fault;
    for (let n = 1; n <= 3; n += 1) await log.record(decisionBody(n));
    await log.publish();
    expect(under(exportCheckpoint(other))).toMatchObject({ kind: 'missing', why: expect.stringContaining(' 700 ') });
    for (let n = 4; n <= COUNT; n += 1) await log.record(decisionBody(n));
    await log.close();
    expect(under(exportCheckpoint(other))).toMatchObject({ kind: 'forked' });
    const why = 'the checkpoint is not valid: not a signed note';
    expect(under('locktender')).toMatchObject({ kind: 'altered', why });
  });

  it('names the line that differs where the log is at hand', () => {
    const lines = part(300).with(7, Buffer.from('{}'));
    const fault = { seq: 306, kind: 'altered' };
    expect(verifyExport(lines, { checkpoint: null, verifiers, tiles: dir })).toMatchObject({ ok: false, fault });
  });
});

function exportCheckpoint(of = dir): string {
  return (JSON.parse(exportProofLine(of, 0) ?? '') as { export: { checkpoint: string } }).export.checkpoint;
}

function swapped(lines: readonly Buffer[]): Buffer[] {
  return lines.with(1, lines[2] as Buffer).with(2, lines[1] as Buffer);
}
