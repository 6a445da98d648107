import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLog } from '../../src/audit/log.ts';
import { verifierKey } from '../../src/audit/signed-note.ts';
import type { EventBody } from '../../src/core/event.ts';
import { execute } from '../journey/running-appliance.ts';
import { logOptions, newSigner } from './log-fixture.ts';
import { temporaryDir } from './temporary-dir.ts';

/** An independent reader of C2SP tlog-tiles: Python, none of our code. */
const READER = new URL('../../docs/read_tiles.py', import.meta.url).pathname;
const signer = newSigner();
const key = verifierKey(signer.name, signer.publicKey);

/** Grows a log to each size in turn, and returns the checkpoint at each. */
async function grown(dir: string, sizes: readonly number[]): Promise<string[]> {
  const notes: string[] = [];
  let size = 0;
  for (const to of sizes) {
    const log = await openLog(logOptions(dir, signer, { durability: 'relaxed' }));
    for (; size < to; size += Math.min(8192, to - size)) {
      const bodies = Array.from({ length: Math.min(8192, to - size) }, (_, i) => small(size + i));
      await Promise.all(bodies.map((body) => log.record(body)));
    }
    await log.close();
    const note = join(dir, `at-${to}`);
    writeFileSync(note, readFileSync(join(dir, 'checkpoint')));
    notes.push(note);
  }
  return notes;
}

function small(n: number): EventBody {
  return { type: 'node.started', id: `e_${n}`, tenant: null, task: null, version: '1', runtime: 'test' };
}

const read = (where: string, seq: number, ...old: string[]) =>
  execute(['python3', READER, where, key, String(seq), ...old]);

describe('an independent reader of tlog-tiles', () => {
  it('finds entries and proves them, and that older checkpoints were extended, over partial tiles of every level', async () => {
    const dir = temporaryDir();
    const sizes = [1, 255, 256, 700, 65_536, 66_000];
    const notes = await grown(dir, sizes);
    for (const [i, seq] of [0, 255, 256, 699, 65_535, 65_999].entries()) {
      const { code, stdout, stderr } = await read(dir, seq, notes[i] ?? '');
      expect([code, stderr, stdout]).toEqual([
        0,
        '',
        `good: entry ${seq} is in log.example/gate, one of 66000; it extends the checkpoint of ${sizes[i]}\n`,
      ]);
    }
  });

  it('reads by HTTP as from a directory', async () => {
    const dir = temporaryDir();
    const [old = ''] = await grown(dir, [300, 600]);
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      try {
        response.end(readFileSync(join(dir, request.url ?? '')));
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { code, stderr } = await read(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 599, old);
    server.close();
    expect([code, stderr]).toEqual([0, '']);
    expect(asked).toContain('/tile/entries/002.p/88');
    expect(asked).toContain('/tile/1/000.p/2');
  });

  it.each([
    ['an entry', 'tile/entries/001.p/44', 299, /^bad: entry 299 is not under the checkpoint/],
    ['a tile', 'tile/0/000', 5, /^bad: entry 5 is not under the checkpoint/],
    ['the checkpoint', 'checkpoint', 0, /^bad: the checkpoint is not signed by this key/],
  ])('refuses a log in which %s was altered', async (_, path, seq, message) => {
    const dir = temporaryDir();
    await grown(dir, [300]);
    const file = join(dir, path);
    const bytes = readFileSync(file);
    // In the base64 of a signature, another of its characters.
    if (path === 'checkpoint') bytes[bytes.length - 40] = bytes.at(-40) === 0x41 ? 0x42 : 0x41;
    else bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const { code, stderr } = await read(dir, seq);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  });

  it('refuses a log that does not extend an older checkpoint', async () => {
    const [dir, other] = [temporaryDir(), temporaryDir()];
    await grown(dir, [300]);
    const log = await openLog(logOptions(other, signer));
    await Promise.all(Array.from({ length: 200 }, (_, i) => log.record(small(i + 7))));
    await log.close();
    const { code, stderr } = await read(dir, 0, join(other, 'checkpoint'));
    expect([code, stderr]).toEqual([1, 'bad: the log does not extend the checkpoint of 200 entries\n']);
  });
});
