import { spawn } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openWitnessDoor, type WitnessDoor } from '../../src/appliance/record/witness-door.ts';
import { Cosigner } from '../../src/audit/cosigner.ts';
import { type AuditLog, openLog } from '../../src/audit/log.ts';
import { consistencyProof } from '../../src/audit/proof.ts';
import { type NoteSigner, type NoteVerifier, parseVerifierKey } from '../../src/audit/signed-note.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import { addCheckpointBody } from '../../src/audit/witness-protocol.ts';
import { execute, PROGRAM, startProgram } from '../journey/running-appliance.ts';
import { decisionBody, logOptions, newSigner, noMeter, silentLog, verifierFor } from './log-fixture.ts';
import { temporaryDir } from './temporary-dir.ts';

const doors: WitnessDoor[] = [];

afterEach(async () => {
  for (const door of doors.splice(0)) await door.close();
});

async function witness(logs: readonly NoteVerifier[], dir = temporaryDir()): Promise<WitnessDoor> {
  const listen = { host: '127.0.0.1', port: 0 };
  const door = await openWitnessDoor({ dir, name: 'witness.example/w', listen, logs });
  doors.push(door);
  return door;
}

function keyOf(door: WitnessDoor): NoteVerifier {
  const key = parseVerifierKey(door.key);
  if (!key.ok) throw new Error(key.error);
  return key.value;
}

interface Witnessed {
  readonly outcomes: string[];
  readonly log: AuditLog;
}

async function witnessedLog(dir: string, signer: NoteSigner, url: string, verifier: NoteVerifier): Promise<Witnessed> {
  const outcomes: string[] = [];
  const meter = {
    ...noMeter,
    count: (name: string, labels: Record<string, string> = {}) => {
      if (name === 'locktender_log_witness_total') outcomes.push(labels['outcome'] ?? '');
    },
  };
  const cosigner = new Cosigner({ dir, witnesses: [{ url, verifier }], log: silentLog, meter, deadlineMs: 2000 });
  const log = await openLog(logOptions(dir, signer, { cosign: (note) => cosigner.cosign(note) }));
  return { outcomes, log };
}

async function record(log: AuditLog, count: number, from = 0): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => log.record(decisionBody(from + i))));
}

describe('witnesses of the log', () => {
  it('T-80 sign what extends what they signed before; a verifier may require it', async () => {
    const signer = newSigner();
    const door = await witness([verifierFor(signer)]);
    const key = keyOf(door);
    const dir = temporaryDir();
    for (const [from, count] of [
      [0, 300],
      [300, 1],
      [301, 500],
    ] as const) {
      const { log, outcomes } = await witnessedLog(dir, signer, `http://${door.address}`, key);
      await record(log, count, from);
      await log.close();
      expect(outcomes).toEqual(['cosigned']);
    }
    const report = verifyLog(dir, { verifiers: [verifierFor(signer), key], required: [key] });
    expect(report).toMatchObject({ ok: true, size: 801, witnesses: [{ name: 'witness.example/w', size: 801 }] });
    const other = verifierFor(newSigner('witness.example/other'), 'witness');
    const unmet = verifyLog(dir, { verifiers: [verifierFor(signer), key, other], required: [key, other] });
    expect(unmet.fault).toMatchObject({ kind: 'wrong_key' });
  });

  it('T-80 do not sign a fork, nor a log that was cut back, also after their own restart', async () => {
    const signer = newSigner();
    const memory = temporaryDir();
    const first = await witness([verifierFor(signer)], memory);
    const dir = temporaryDir();
    const { log } = await witnessedLog(dir, signer, `http://${first.address}`, keyOf(first));
    await record(log, 20);
    await log.close();
    const before = temporaryDir();
    cpSync(dir, before, { recursive: true });
    const grown = await witnessedLog(dir, signer, `http://${first.address}`, keyOf(first));
    await record(grown.log, 20, 20);
    await grown.log.close();
    await doors.pop()?.close();

    const again = await witness([verifierFor(signer)], memory);
    expect(again.key).toBe(first.key);
    for (const [count, outcome] of [
      [5, 'ahead'],
      [40, 'refused'],
    ] as const) {
      const fork = temporaryDir();
      cpSync(before, fork, { recursive: true });
      const forked = await witnessedLog(fork, signer, `http://${again.address}`, keyOf(again));
      await record(forked.log, count, 7000);
      await forked.log.close();
      expect(forked.outcomes).toEqual([outcome]);
      // The log itself is right, as far as it alone can tell: the witness is what finds it out.
      expect(verifyLog(fork, { verifiers: [verifierFor(signer)] }).ok).toBe(true);
      const missing = verifyLog(fork, { verifiers: [verifierFor(signer), keyOf(again)], required: [keyOf(again)] });
      expect(missing.witnesses).toEqual([expect.objectContaining({ size: 20 })]);
    }
  });

  it('keep nothing from being recorded when they cannot be reached, or answer with another key', async () => {
    const signer = newSigner();
    const door = await witness([verifierFor(signer)]);
    const stranger = verifierFor(newSigner('witness.example/w'), 'witness');
    for (const [url, outcome] of [
      ['http://127.0.0.1:1/', 'unreachable'],
      [`http://${door.address}/elsewhere/`, 'refused'],
      [`http://${door.address}/`, 'refused'],
    ] as const) {
      const dir = temporaryDir();
      const { log, outcomes } = await witnessedLog(dir, signer, url, stranger);
      await record(log, 3);
      await log.close();
      expect(outcomes).toEqual([outcome]);
      expect(verifyLog(dir, { verifiers: [verifierFor(signer)] })).toMatchObject({ ok: true, size: 3 });
    }
  });

  it('answer as C2SP tlog-witness says', async () => {
    const signer = newSigner('log.example/other');
    const stranger = newSigner('log.example/unknown');
    const forger = newSigner('log.example/other');
    const door = await witness([verifierFor(signer)]);
    const noteOf = async (by: NoteSigner, count: number): Promise<{ dir: string; note: string }> => {
      const dir = temporaryDir();
      const log = await openLog(logOptions(dir, by));
      await record(log, count);
      await log.close();
      return { dir, note: readFileSync(join(dir, 'checkpoint'), 'utf8') };
    };
    const post = async (body: string): Promise<[number, string | null, string]> => {
      const answer = await fetch(`http://${door.address}/add-checkpoint`, { method: 'POST', body });
      return [answer.status, answer.headers.get('content-type'), await answer.text()];
    };
    const { dir, note } = await noteOf(signer, 10);
    const longer = await noteOf(signer, 12);
    const body = (oldSize: number, of: string, proof: readonly string[] = []) =>
      addCheckpointBody({ oldSize, proof: proof.map((hash) => Buffer.from(hash, 'base64')), note: of });
    expect((await post('nonsense'))[0]).toBe(400);
    expect((await post(body(0, note).replace('old 0', 'old 00')))[0]).toBe(400);
    expect((await post(body(11, note)))[0]).toBe(400);
    expect((await post(body(0, (await noteOf(stranger, 1)).note)))[0]).toBe(404);
    expect((await post(body(0, (await noteOf(forger, 1)).note)))[0]).toBe(403);
    expect(await post(body(5, note))).toEqual([409, 'text/x.tlog.size', '0\n']);
    const [status, , line] = await post(body(0, note));
    expect([status, line]).toEqual([200, expect.stringMatching(/^\u2014 witness\.example\/w [A-Za-z0-9+/]+=*\n$/u)]);
    expect((await post(body(10, note)))[0]).toBe(200);
    expect(await post(body(0, note))).toEqual([409, 'text/x.tlog.size', '10\n']);
    // Another log of the same name and key, which does not extend the one that was signed.
    expect((await post(body(10, longer.note, consistencyProof(longer.dir, 10, 12))))[0]).toBe(422);
    const more = await openLog(logOptions(dir, signer));
    await record(more, 2, 10);
    await more.close();
    const extended = readFileSync(join(dir, 'checkpoint'), 'utf8');
    expect((await post(body(10, extended)))[0]).toBe(422);
    expect((await post(body(10, extended, consistencyProof(dir, 10, 12))))[0]).toBe(200);
    expect((await fetch(`http://${door.address}/add-checkpoint`)).status).toBe(405);
  });

  it('are had by one command, and named in one key of the configuration', async () => {
    const signed = temporaryDir();
    const appliance = await startProgram(signed);
    await appliance.stop();
    const keys = join(signed, 'log-keys.txt');
    const args = ['audit', 'witness', '--log-key', keys, '--listen', '127.0.0.1:0', '--dir', temporaryDir()];
    const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    let out = '';
    for await (const chunk of child.stdout) {
      out += String(chunk);
      if (/^ready$/m.test(out)) break;
    }
    const [, address = ''] = /^witness (.+)$/m.exec(out) ?? [];
    const [, key = ''] = /^key (.+)$/m.exec(out) ?? [];
    const witnesses = JSON.stringify([{ url: `http://${address}`, key }]);
    const again = await startProgram(signed, ['--set', `audit.witnesses=${witnesses}`]);
    expect(await again.stop()).toBe(0);
    const verified = await execute([PROGRAM, 'audit', 'verify', signed, '--witness-key', key]);
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringMatching(/; witness \S+ signed [0-9]+ entries/)]);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  }, 60_000);
});
