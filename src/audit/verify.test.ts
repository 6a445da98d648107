import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decisionBody, logOptions, newSigner, verifierFor } from '../../test/record/log-fixture.ts';
import { temporaryDir } from '../../test/record/temporary-dir.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { decodeBundle, encodeBundle } from './entry-bundle.ts';
import { openLog } from './log.ts';
import { leafHash } from './merkle.ts';
import { verifierOf } from './signed-note.ts';
import { verifyLog } from './verify.ts';

const signer = newSigner();
const NEVER = new Promise<never>(() => undefined);
const verifiers = [verifierFor(signer)];
let made: string;

/** 700 entries in two sittings, so that there are kept checkpoints at 500 and 700. */
beforeAll(async () => {
  made = temporaryDir();
  for (const count of [500, 200]) {
    const log = await openLog(logOptions(made, signer));
    await Promise.all(Array.from({ length: count }, (_, i) => log.record(decisionBody(i))));
    await log.close();
  }
});

function copy(): string {
  const dir = temporaryDir();
  cpSync(made, dir, { recursive: true });
  return dir;
}

const BUNDLE_1 = 'tile/entries/001';
const TILE_1 = 'tile/0/001';

/** Changes the entries of bundle 1 (256 to 511); with `hashes`, its tile too, as a thorough forger would. */
function forge(dir: string, change: (entries: Buffer[]) => Buffer[], hashes = false): void {
  const path = join(dir, BUNDLE_1);
  const entries = change(decodeBundle(readFileSync(path)) ?? []);
  writeFileSync(path, encodeBundle(entries));
  if (hashes) writeFileSync(join(dir, TILE_1), Buffer.concat(entries.map((e) => leafHash(e))));
}

function swap(entries: Buffer[], a: number, b: number): Buffer[] {
  return entries.map((e, i) => (i === a ? entries[b] : i === b ? entries[a] : e) as Buffer);
}

describe('verification of the log', () => {
  it('accepts an untouched log and counts what it checked', () => {
    expect(verifyLog(copy(), { verifiers })).toMatchObject({ ok: true, size: 700, checked: 700, checkpoints: 3 });
  });

  it.each([
    [
      'an altered entry',
      (dir: string) =>
        forge(dir, (e) => e.map((x, i) => (i === 44 ? Buffer.from(`${x}`.replace('"GET"', '"PUT"')) : x))),
      { seq: 300, kind: 'altered', file: BUNDLE_1 },
    ],
    ['two swapped entries', (dir: string) => forge(dir, (e) => swap(e, 10, 20)), { seq: 266, kind: 'reordered' }],
    [
      'a bundle that ends in the middle of an entry',
      (dir: string) => {
        const bytes = readFileSync(join(dir, BUNDLE_1));
        const kept = encodeBundle((decodeBundle(bytes) ?? []).slice(0, 100)).length + 50;
        writeFileSync(join(dir, BUNDLE_1), bytes.subarray(0, kept));
      },
      { seq: 356, kind: 'truncated' },
    ],
    [
      'a length that is not that of its entry',
      (dir: string) => {
        const bytes = readFileSync(join(dir, BUNDLE_1));
        const at = encodeBundle((decodeBundle(bytes) ?? []).slice(0, 30)).length;
        bytes.writeUInt16BE(bytes.readUInt16BE(at) + 1, at);
        writeFileSync(join(dir, BUNDLE_1), bytes);
      },
      { seq: 286, kind: 'altered' },
    ],
    ['a removed entry', (dir: string) => forge(dir, (e) => e.filter((_, i) => i !== 7)), { seq: 263, kind: 'missing' }],
    [
      'an inserted entry',
      (dir: string) => forge(dir, (e) => [...e.slice(0, 7), Buffer.from('{}'), ...e.slice(7, 255)]),
      { seq: 263, kind: 'reordered' },
    ],
    [
      'a removed first bundle, which no record says was pruned',
      (dir: string) => rmSync(join(dir, 'tile/entries/000')),
      { seq: 0, kind: 'missing' },
    ],
    ['a removed bundle', (dir: string) => rmSync(join(dir, BUNDLE_1)), { seq: 256, kind: 'missing', file: BUNDLE_1 }],
    [
      'an altered tile over good entries',
      (dir: string) => {
        const tile = readFileSync(join(dir, TILE_1));
        tile[32 * 9] = (tile[32 * 9] ?? 0) ^ 1;
        writeFileSync(join(dir, TILE_1), tile);
      },
      { seq: 265, kind: 'altered', why: 'the tile of hashes is altered; the entries are not', file: TILE_1 },
    ],
    [
      'entries and tile rewritten together',
      (dir: string) => forge(dir, (e) => swap(e, 10, 20), true),
      { seq: 0, kind: 'forked' },
    ],
    [
      'an altered upper tile',
      (dir: string) => {
        const path = join(dir, 'tile/1/000.p/2');
        const tile = readFileSync(path);
        tile[33] = (tile[33] ?? 0) ^ 1;
        writeFileSync(path, tile);
      },
      { seq: 256, kind: 'altered', file: 'tile/1/000.p/2' },
    ],
    [
      'a log cut back to an earlier checkpoint',
      (dir: string) => {
        cpSync(join(dir, 'checkpoints/0000000000000500.checkpoint'), join(dir, 'checkpoint'));
      },
      { seq: 500, kind: 'truncated' },
    ],
    [
      'a pointer to what was pruned that leads to no event',
      (dir: string) => {
        forge(dir, (e) => e.map((x, i) => (i === 3 ? Buffer.from('{') : x)));
        writeFileSync(join(dir, 'pruned'), '259\n');
      },
      { seq: 259, kind: 'altered', file: BUNDLE_1 },
    ],
    [
      'a journal without a beginning, which the log does not open with',
      (dir: string) => {
        const [segment = ''] = readdirSync(join(dir, 'journal'));
        const bytes = readFileSync(join(dir, 'journal', segment));
        bytes[20] = (bytes[20] ?? 0) ^ 1;
        writeFileSync(join(dir, 'journal', segment), bytes);
      },
      { seq: 700, kind: 'altered', file: expect.stringMatching(/^journal/) },
    ],
    ['a removed checkpoint', (dir: string) => rmSync(join(dir, 'checkpoint')), { seq: 0, kind: 'missing' }],
    [
      'a checkpoint with another root',
      (dir: string) => {
        const path = join(dir, 'checkpoint');
        writeFileSync(
          path,
          readFileSync(path, 'utf8').replace(/\n700\n./, (m) => `\n700\n${m.endsWith('A') ? 'B' : 'A'}`),
        );
      },
      { seq: 0, kind: 'wrong_key', why: 'the signature of the checkpoint does not verify' },
    ],
  ])('T-80 finds %s', (_, tamper, expected) => {
    const dir = copy();
    tamper(dir);
    const report = verifyLog(dir, { verifiers });
    expect(report.fault).toMatchObject(expected);
    expect(report.ok).toBe(false);
  });

  it('T-80 finds a log that another key signed, also under the same name', async () => {
    const stranger = newSigner();
    expect(verifyLog(copy(), { verifiers: [verifierFor(stranger)] }).fault).toMatchObject({ kind: 'wrong_key' });
    const sameId = { ...verifierOf(signer.name, stranger.publicKey), keyId: verifierFor(signer).keyId };
    expect(verifyLog(copy(), { verifiers: [sameId] }).fault).toMatchObject({ kind: 'wrong_key' });
  });

  it('T-80 finds a fork that was signed with the true key', async () => {
    const other = temporaryDir();
    const log = await openLog(logOptions(other, signer));
    await Promise.all(Array.from({ length: 500 }, (_, i) => log.record(decisionBody(i + 1))));
    await log.close();
    const dir = copy();
    cpSync(
      join(other, 'checkpoints/0000000000000500.checkpoint'),
      join(dir, 'checkpoints/0000000000000500.checkpoint'),
    );
    expect(verifyLog(dir, { verifiers }).fault).toMatchObject({ seq: 0, kind: 'forked' });
  });

  it('accepts a full bundle that a crash left beside the partial one, ahead of the checkpoint', async () => {
    const dir = temporaryDir();
    const first = await openLog(logOptions(dir, signer));
    await Promise.all(Array.from({ length: 450 }, (_, i) => first.record(decisionBody(i))));
    await first.close();
    const before = temporaryDir();
    cpSync(dir, before, { recursive: true });
    const second = await openLog({ ...logOptions(dir, signer), publishMs: 3_600_000 });
    await Promise.all(Array.from({ length: 100 }, (_, i) => second.record(decisionBody(450 + i))));
    await expect.poll(() => existsSync(join(dir, BUNDLE_1))).toBe(true);
    await expect.poll(() => existsSync(join(dir, `${BUNDLE_1}.p`))).toBe(false);
    const crashed = temporaryDir();
    cpSync(dir, crashed, { recursive: true });
    await second.close();
    // Killed between the writing of the full bundle and the removal of the partial ones.
    cpSync(join(before, `${BUNDLE_1}.p`), join(crashed, `${BUNDLE_1}.p`), { recursive: true });
    expect(verifyLog(crashed, { verifiers })).toMatchObject({ fault: null, ok: true, size: 450, journalled: 100 });
  });

  it('T-80 finds a bundle at the edge that holds more than its name says', () => {
    const dir = copy();
    const edge = join(dir, 'tile/entries/002.p/188');
    writeFileSync(edge, encodeBundle([...(decodeBundle(readFileSync(edge)) ?? []), Buffer.from('{}')]));
    const file = 'tile/entries/002.p/188';
    expect(verifyLog(dir, { verifiers }).fault).toMatchObject({ seq: 700, kind: 'altered', file });
  });

  it('T-81 finds that a segment of the journal is gone which held more than the checkpoint, as the log does when it opens', async () => {
    const crashed = temporaryDir();
    // It ends before its first checkpoint, and before its first tile.
    const write: Files['write'] = (to, data) => (to.includes('/tile/') ? NEVER : nodeFiles.write(to, data));
    const files: Files = { ...nodeFiles, write };
    const log = await openLog(logOptions(crashed, signer, { segmentBytes: 1, files }));
    for (const count of [300, 1]) {
      await Promise.all(Array.from({ length: count }, (_, i) => log.record(decisionBody(i))));
    }
    const [first = '', ...others] = readdirSync(join(crashed, 'journal'));
    expect(others).toHaveLength(1);
    rmSync(join(crashed, 'journal', first));
    expect(verifyLog(crashed, { verifiers }).fault).toMatchObject({ seq: 0, kind: 'missing' });
    await expect(openLog(logOptions(crashed, signer))).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
  });

  it('T-81 opens a copy that was made while the log was written: its checkpoint older than its journal, its tiles newer', async () => {
    const [dir, backup] = [temporaryDir(), temporaryDir()];
    const log = await openLog(logOptions(dir, signer, { segmentBytes: 1, publishMs: 3_600_000 }));
    await log.record(decisionBody(0));
    await log.publish();
    cpSync(join(dir, 'checkpoint'), join(backup, 'checkpoint'));
    await Promise.all(Array.from({ length: 600 }, (_, i) => log.record(decisionBody(i))));
    await log.close();
    for (const part of ['journal', 'tile']) cpSync(join(dir, part), join(backup, part), { recursive: true });
    await (await openLog(logOptions(backup, signer))).close();
    expect(verifyLog(backup, { verifiers })).toMatchObject({ ok: true, size: 602 });
  });

  it('T-81 a checkpoint of another log does not open with this journal', async () => {
    const [dir, other] = [copy(), temporaryDir()];
    const log = await openLog(logOptions(other, signer));
    await Promise.all(Array.from({ length: 700 }, (_, i) => log.record(decisionBody(i))));
    await log.close();
    const grown = await openLog(logOptions(dir, signer, { publishMs: 3_600_000 }));
    await grown.record(decisionBody(1));
    const crashed = temporaryDir();
    cpSync(dir, crashed, { recursive: true });
    await grown.close();
    cpSync(join(other, 'checkpoint'), join(crashed, 'checkpoint'));
    await expect(openLog(logOptions(crashed, signer))).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
  });

  it('finds a log whole that is published, kept and trimmed while it is verified', async () => {
    const dir = temporaryDir();
    const log = await openLog(logOptions(dir, signer, { segmentBytes: 1, publishMs: 3_600_000 }));
    await Promise.all(Array.from({ length: 300 }, (_, i) => log.record(decisionBody(i))));
    await log.publish();
    await log.record(decisionBody(300));
    const before = temporaryDir();
    cpSync(dir, before, { recursive: true });
    await log.close();
    // The head is read as of then, and what is read after it as of now.
    let now = false;
    const at = (path: string) => (now ? path : path.replace(dir, before));
    const files: Files = {
      ...nodeFiles,
      list: (path) => nodeFiles.list(at(path)),
      exists: (path) => nodeFiles.exists(at(path)),
      read: (path) => {
        const bytes = nodeFiles.read(at(path));
        now ||= path.endsWith('/checkpoint');
        return bytes;
      },
    };
    expect(verifyLog(dir, { verifiers, files })).toMatchObject({ fault: null, size: 300, journalled: 1 });
  });

  it('accepts an empty directory as an empty log', () => {
    const dir = temporaryDir();
    mkdirSync(join(dir, 'journal'));
    expect(verifyLog(dir, { verifiers })).toMatchObject({ ok: true, size: 0 });
  });
});
