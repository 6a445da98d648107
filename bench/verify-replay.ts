/**
 * Verifying a log and deciding all its decisions again, on one core, with the memory it takes.
 * `bin/node24 node --expose-gc bench/verify-replay.ts [entries]` prints JSON.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog } from '../src/audit/log.ts';
import { readCheckedEntries } from '../src/audit/read.ts';
import { verifyLog } from '../src/audit/verify.ts';
import { judgeOf } from '../src/control/replay-log.ts';
import type { EventBody } from '../src/core/event.ts';
import { Replay } from '../src/policy/trials/replay.ts';
import { principal, request, shippedBundle, snapshot } from '../test/policy/fixture.ts';
import { recorded } from '../test/policy/recorded.ts';
import { logOptions, newSigner, verifierFor } from '../test/record/log-fixture.ts';
import { rounded } from './measure.ts';

const COUNT = Number(process.argv[2] ?? 300_000);
const dirs: string[] = [];
const at = snapshot();
const code = principal({ class: 'code' });
const signer = newSigner();
try {
  const usual = await filled('usual');
  const distinct = await filled('distinct');
  const verify = timed(() => verifyLog(usual, { verifiers: [verifierFor(signer)] }));
  const replay = timed(() => replayed(usual));
  const strange = timed(() => replayed(distinct));
  process.stdout.write(
    `${JSON.stringify(
      {
        entries: COUNT,
        bytesEach: Math.round(verify.value.bytes / COUNT),
        verify: { ok: verify.value.ok, perSecond: verify.perSecond },
        replay: { ...replay.value, perSecond: replay.perSecond },
        replayDistinct: { ...strange.value, perSecond: strange.perSecond },
        peakMb: rounded(process.resourceUsage().maxRSS / 1024),
      },
      null,
      2,
    )}\n`,
  );
} finally {
  for (const dir of dirs) rmSync(dir, { recursive: true });
}

/**
 * A mix as agents make it: mostly reads that are allowed, some denials, some tunnels, many hosts. `usual`: 1,000 requests
 * that come again; `distinct`: no two alike, which no real log is.
 */
async function filled(kind: 'usual' | 'distinct'): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-bench-'));
  dirs.push(dir);
  const log = await openLog(logOptions(dir, signer, { durability: 'relaxed', publishMs: 1000 }));
  const usual = Array.from({ length: 1000 }, (_, n) => body(n, n % 97));
  for (let n = 0; n < COUNT; n += 1000) {
    const bodies = kind === 'usual' ? usual : usual.map((_, i) => body(n + i, n + i));
    await Promise.all(bodies.map((each) => log.record(each)));
  }
  await log.close();
  return dir;
}

function body(n: number, of: number): EventBody {
  const host = `host-${of}.example.org`;
  if (n % 10 === 0) return bodyOf(recorded(request('POST', `https://${host}/x`), at));
  if (n % 10 === 1) return bodyOf(recorded(request('CONNECT', `${host}:443`), at));
  const task = `t_${of}`;
  if (n % 10 === 2)
    return bodyOf(recorded(request('POST', 'https://api.acme.example/v1', { principal: { ...code, task } }), at));
  return bodyOf(recorded(request('GET', `https://${host}/a/${n}`), at));
}

function bodyOf({ v: _v, time: _time, node: _node, ...body }: ReturnType<typeof recorded>): EventBody {
  return body;
}

function replayed(dir: string) {
  const replay = new Replay({ bundleOf: () => shippedBundle(), candidate: null });
  const judge = judgeOf(replay);
  for (const { bytes } of readCheckedEntries(dir)) judge(bytes);
  const { decisions, differences } = replay.finish();
  return { decisions, differences };
}

/** By CPU time, which other work on the cores disturbs least. */
function timed<T>(act: () => T): { value: T; perSecond: number } {
  const start = process.cpuUsage();
  const value = act();
  const { user, system } = process.cpuUsage(start);
  return { value, perSecond: Math.round(COUNT / ((user + system) / 1e6)) };
}
