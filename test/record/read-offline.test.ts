/** What a stopped appliance left behind can still be asked and proved. */

import { mkdirSync, writeFileSync } from 'node:fs';
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

  it('says 2 for what is not in it and for a bad question, and 3 for an appliance that was named', async () => {
    expect(await cli('audit', 'proof', '20')).toMatchObject({ code: 2 });
    expect(await cli('policy', 'explain', 'd_none')).toMatchObject({ code: 2 });
    expect(await cli('audit', 'query', '--since', 'soon')).toMatchObject({ code: 2 });
    expect(await cli('audit', 'query', '--admin', 'http://127.0.0.1:9')).toMatchObject({ code: 3 });
  });
});
