/** What a stopped appliance left behind can still be asked and proved. */

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLog } from '../../src/audit/log.ts';
import { verifierKey } from '../../src/audit/signed-note.ts';
import { execute, PROGRAM, temporaryDirectory } from '../journey/running-appliance.ts';
import { decisionBody, logOptions, newSigner } from './log-fixture.ts';

const directory = temporaryDirectory();
const state = join(directory.path, 'state');
const signer = newSigner();
const cli = (...args: string[]) => execute([PROGRAM, ...args, '--state', state], { cwd: directory.path });
afterAll(() => directory.remove());

beforeAll(async () => {
  mkdirSync(state, { recursive: true });
  const log = await openLog(logOptions(join(state, 'audit'), signer));
  for (let n = 0; n < 20; n += 1) await log.record(decisionBody(n, n % 5 === 0 ? { effect: 'deny' } : {}));
  await log.close();
});

describe('the record of a state directory on which no appliance runs', () => {
  it('answers queries', async () => {
    const ran = await cli('audit', 'query', '--effect', 'deny', '--json');
    expect((JSON.parse(ran.stdout) as { events: { seq: number }[] }).events.map(({ seq }) => seq)).toEqual([
      15, 10, 5, 0,
    ]);
  });

  it('gives a proof that Python checks', async () => {
    const proof = await cli('audit', 'proof', '7');
    const file = join(directory.path, 'proof.json');
    writeFileSync(file, proof.stdout);
    const script = join(import.meta.dirname, '../../docs/verify_proof.py');
    const checked = await execute(['python3', script, file, verifierKey(signer.name, signer.publicKey)]);
    expect(checked).toMatchObject({ code: 0, stderr: '' });
  });

  it('ends as it should for what is not there and what is asked badly', async () => {
    const asked: readonly [args: string[], code: number, stderr: RegExp][] = [
      [['audit', 'proof', '20'], 2, /entry 20 is not under the checkpoint/],
      [['policy', 'explain', 'd_none'], 2, /no decision `d_none`/],
      [['audit', 'query', '--since', 'soon'], 2, /`soon` is not a time/],
      [['audit', 'query', '--until', '2026-02-30'], 2, /`2026-02-30` is not a time/],
      [['audit', 'query', '--since', '1h', '--until', '2h'], 2, /swap them/],
      [['audit', 'query', '--type', 'decisions'], 2, /did you mean `decision`\?/],
      [['audit', 'verify', directory.path], 2, /holds no log/],
      [['audit', 'export', '--format', 'ocsf', '--proof'], 2, /only the entries themselves/],
      [['audit', 'query', '--admin', 'http://127.0.0.1:9'], 3, /no appliance/],
      [['audit', 'tail', '--admin', 'localhost:9128'], 2, /`localhost:9128` is not the URL of an admin API/],
    ];
    const ran = await Promise.all(asked.map(([args]) => cli(...args)));
    const wanted = asked.map(([, code, stderr]) => ({ code, stdout: '', stderr: expect.stringMatching(stderr) }));
    expect(ran).toEqual(wanted);
  });

  it('verifies a checkpoint by itself', async () => {
    const checkpoint = join(state, 'audit/checkpoint');
    const key = ['--key', verifierKey(signer.name, signer.publicKey)];
    const ran = await cli('audit', 'verify', checkpoint, ...key);
    expect(ran).toMatchObject({ code: 0, stdout: 'verified: a checkpoint of 20 entries of log.example/gate\n' });
    const altered = join(directory.path, 'altered');
    writeFileSync(altered, readFileSync(checkpoint, 'utf8').replace('\n20\n', '\n21\n'));
    expect(await cli('audit', 'verify', altered, ...key)).toMatchObject({ code: 1 });
  });

  it('exports a part that verifies elsewhere, by the public key alone', async () => {
    const file = join(directory.path, 'part.jsonl');
    writeFileSync(file, (await cli('audit', 'export', '--from', '5')).stdout);
    const key = ['--key', verifierKey(signer.name, signer.publicKey)];
    const elsewhere = (...args: string[]) =>
      execute([PROGRAM, 'audit', ...args, '--state', join(directory.path, 'none')]);
    const stdout = expect.stringMatching(/^verified: entries 5 to 19 lead to the signed checkpoint of 20;/);
    expect(await elsewhere('verify', file, ...key)).toMatchObject({ code: 0, stdout });
    writeFileSync(file, readFileSync(file, 'latin1').replace('host-7.', 'host-8.'), 'latin1');
    expect(await elsewhere('verify', file, ...key)).toMatchObject({ code: 1, stdout: expect.stringMatching(/^NOT/) });
    const bare = await cli('audit', 'export', '--from', '5', '--no-proof');
    writeFileSync(file, bare.stdout);
    expect(await cli('audit', 'verify', file, ...key)).toMatchObject({ code: 0, stdout });
    expect(bare.stdout.split('\n').filter((line) => !line.includes('"type":"decision"'))).toEqual(['']);
  });

  it('answers where its index cannot be written, and names an entry that was altered', async () => {
    const evidence = join(directory.path, 'evidence');
    cpSync(state, evidence, { recursive: true });
    rmSync(join(evidence, 'audit-index.sqlite'), { force: true });
    mkdirSync(join(evidence, 'audit-index.sqlite'));
    const at = (...args: string[]) => execute([PROGRAM, 'audit', ...args, '--state', evidence]);
    expect((await at('query', '--limit', '1')).stdout).toMatch(/^19 /);
    const bundle = join(evidence, 'audit/tile/entries/000.p/20');
    writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('host-7.', 'host-8.'), 'latin1');
    const stderr = expect.stringMatching(
      /^locktender: entry 7 in `[^`]+` is not what was recorded; see `audit verify`\n$/,
    );
    expect(await at('query')).toMatchObject({ code: 1, stdout: '', stderr });
    expect(await at('export', '--format', 'ocsf')).toMatchObject({ code: 1, stderr });
  });
});
