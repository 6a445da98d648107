/**
 * Verifying and replaying a large log, and whether memory stays flat: makes a log of many entries (kept in DIR for the next
 * run), then verifies and replays it in a process of its own, with the resident memory at each tenth of the way.
 * `bin/node24 node bench/replay-large.ts DIR [entries]` prints JSON; ten million entries take some 13 GB.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLog } from '../src/audit/log.ts';
import { readCheckedEntries } from '../src/audit/read.ts';
import type { NoteVerifier } from '../src/audit/signed-note.ts';
import { verifyLog } from '../src/audit/verify.ts';
import { sha256Text } from '../src/control/load-revision.ts';
import { judgeOf } from '../src/control/replay-log.ts';
import type { DecisionEvent, EventBody } from '../src/core/event.ts';
import { bundleDocument, bundleFromDocument } from '../src/policy/bundle/bundle-document.ts';
import { Replay } from '../src/policy/trials/replay.ts';
import { NOW, principal, request, snapshot } from '../test/policy/fixture.ts';
import { recorded } from '../test/policy/recorded.ts';
import { logOptions, newSigner, verifierFor } from '../test/record/log-fixture.ts';
import { rounded } from './measure.ts';

const [dir = '', entries = '1000000', phase = 'all'] = process.argv.slice(2);
const COUNT = Number(entries);
/** Requests that come again: so many pairs of a task and a host are alive at once. */
const ALIKE = 20_000;
const KEY = join(dir, 'verifier.json');
const BUNDLE = join(dir, 'bundle.json');

if (phase === 'verify' || phase === 'replay')
  process.stdout.write(JSON.stringify(phase === 'verify' ? verify() : replay()));
else {
  if (!existsSync(KEY)) await fill();
  process.stdout.write(
    `${JSON.stringify({ entries: COUNT, verify: apart('verify'), replay: apart('replay') }, null, 2)}\n`,
  );
}

function apart(name: string): unknown {
  const run = spawnSync(process.execPath, [import.meta.filename, dir, entries, name], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

async function fill(): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const signer = newSigner();
  const log = await openLog(logOptions(join(dir, 'audit'), signer, { durability: 'relaxed', publishMs: 1000 }));
  const at = snapshot();
  const code = principal({ class: 'code' });
  const models = Array.from({ length: ALIKE }, (_, n) => model(n, at, code));
  for (let n = 0; n < COUNT; n += 1000) {
    await Promise.all(Array.from({ length: 1000 }, (_, i) => log.record(body(models[(n + i * 7) % ALIKE], n + i))));
    if (n % 500_000 === 0) process.stderr.write(`${n} of ${COUNT} written\n`);
  }
  await log.close();
  writeFileSync(BUNDLE, bundleDocument(at.bundle));
  writeFileSync(KEY, JSON.stringify({ name: signer.name, key: Buffer.from(signer.publicKey).toString('base64') }));
}

function model(n: number, at: ReturnType<typeof snapshot>, code: ReturnType<typeof principal>): DecisionEvent {
  const host = `host-${n % 4999}.example.org`;
  const task = `t_${n % 1000}`;
  const of = { principal: { ...code, task, expiresAt: NOW + 86_400_000_000 } };
  if (n % 10 === 0) return recorded(request('POST', `https://${host}/x`, of), at);
  if (n % 10 === 1) return recorded(request('CONNECT', `${host}:443`, of), at);
  if (n % 10 === 2) return recorded(request('POST', 'https://api.acme.example/v1', of), at);
  return recorded(request('GET', `https://${host}/a/${n}`, of), at);
}

function body(of: DecisionEvent | undefined, n: number): EventBody {
  const { v: _v, time: _time, node: _node, ...event } = of as DecisionEvent;
  return { ...event, id: `d_${n}`, input: { ...event.input, now: NOW + n } } as EventBody;
}

function verify() {
  const { name, key } = JSON.parse(readFileSync(KEY, 'utf8')) as { name: string; key: string };
  const verifiers: NoteVerifier[] = [
    verifierFor({ name, publicKey: Buffer.from(key, 'base64'), sign: () => Buffer.alloc(0) }),
  ];
  const start = process.cpuUsage();
  const { ok, size } = verifyLog(join(dir, 'audit'), { verifiers });
  return { ok, size, ...pace(start, size ?? 0), peakMb: rounded(process.resourceUsage().maxRSS / 1024) };
}

function replay() {
  const text = readFileSync(BUNDLE, 'utf8');
  const bundleOf = (digest: string) => {
    const bundle = bundleFromDocument(text, digest, sha256Text);
    return bundle.ok ? bundle.value : null;
  };
  const replay = new Replay({ bundleOf, candidate: null });
  const judge = judgeOf(replay);
  const residentMb: number[] = [];
  const start = process.cpuUsage();
  for (const { seq, bytes } of readCheckedEntries(join(dir, 'audit'))) {
    judge(bytes);
    if (seq % Math.floor(COUNT / 10) === 0) residentMb.push(rounded(process.memoryUsage.rss() / 1_048_576));
  }
  const { decisions, differences } = replay.finish();
  return { decisions, differences, ...pace(start, decisions), residentMb };
}

/** By CPU time: other work shares the cores. */
function pace(since: NodeJS.CpuUsage, count: number) {
  const { user, system } = process.cpuUsage(since);
  const cpuSeconds = (user + system) / 1e6;
  return { cpuSeconds: rounded(cpuSeconds), perCpuSecond: Math.round(count / cpuSeconds) };
}
