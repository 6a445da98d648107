/** Kills a writing process again and again and checks after each that nothing acknowledged is lost. */

import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readEntries } from '../../src/audit/read.ts';
import { verifierOf } from '../../src/audit/signed-note.ts';
import { verifyLog } from '../../src/audit/verify.ts';

export interface KillTally {
  kills: number;
  acknowledged: number;
  entries: number;
  torn: number;
  recovered: number;
  /** What went wrong; empty when nothing did. */
  problems: string[];
}

const WRITER = new URL('./writer-process.ts', import.meta.url).pathname;

/** Each life lasts a random time up to `maxMs` after it began to write. */
export async function killLoop(dir: string, kills: number, maxMs: number, random: () => number): Promise<KillTally> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const verifiers = [verifierOf('log.example/gate', raw)];
  const tally: KillTally = { kills: 0, acknowledged: 0, entries: 0, torn: 0, recovered: 0, problems: [] };
  const acknowledged = new Set<string>();
  for (let run = 0; run < kills && tally.problems.length === 0; run += 1) {
    for (const id of await oneLife([dir, key, String(run)], random() * maxMs)) acknowledged.add(id);
    tally.kills += 1;
    const report = verifyLog(dir, { verifiers });
    if (report.fault !== null) tally.problems.push(`run ${run}: ${JSON.stringify(report.fault)}`);
    if (report.tornBytes > 0) tally.torn += 1;
    tally.entries = report.size + report.journalled;
  }
  account(dir, acknowledged, tally);
  return tally;
}

/** Every acknowledged entry stands in the log, once. */
function account(dir: string, acknowledged: ReadonlySet<string>, tally: KillTally): void {
  const found = new Map<string, number>();
  for (const { bytes } of readEntries(dir)) {
    const event = JSON.parse(bytes.toString());
    found.set(event.id, (found.get(event.id) ?? 0) + 1);
    if (event.type === 'node.recovered') tally.recovered += 1;
  }
  for (const id of acknowledged)
    if (found.get(id) !== 1) tally.problems.push(`${id} found ${found.get(id) ?? 0} times`);
  tally.acknowledged = acknowledged.size;
}

async function oneLife(args: string[], ms: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', WRITER, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), ms));
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  await once(child, 'close');
  const whole = out.slice(0, out.lastIndexOf('\n') + 1);
  return whole.split('\n').filter((line) => line.startsWith('d_'));
}
