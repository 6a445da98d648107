/**
 * Verifying a log and deciding all its decisions again, on one core, with the memory it takes.
 * `bin/node24 node --expose-gc bench/verify-replay.ts [entries]` prints JSON.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog } from '../src/audit/log.ts';
import { readEntries } from '../src/audit/read.ts';
import { verifyLog } from '../src/audit/verify.ts';
import type { AuditEvent, EventBody } from '../src/core/event.ts';
import { Replay } from '../src/policy/replay.ts';
import { principal, request, shippedBundle, snapshot } from '../test/policy/fixture.ts';
import { recorded } from '../test/policy/recorded.ts';
import { logOptions, newSigner, verifierFor } from '../test/record/log-fixture.ts';
import { rounded } from './measure.ts';

const COUNT = Number(process.argv[2] ?? 300_000);
const dir = mkdtempSync(join(tmpdir(), 'locktender-bench-'));
const signer = newSigner();
try {
  await fill();
  const verify = timed(() => verifyLog(dir, { verifiers: [verifierFor(signer)] }));
  const replay = timed(replayed);
  process.stdout.write(
    `${JSON.stringify(
      {
        entries: COUNT,
        bytesEach: Math.round(verify.value.bytes / COUNT),
        verify: { ok: verify.value.ok, perSecond: verify.perSecond },
        replay: { ...replay.value, perSecond: replay.perSecond },
        peakMb: rounded(process.resourceUsage().maxRSS / 1024),
      },
      null,
      2,
    )}\n`,
  );
} finally {
  rmSync(dir, { recursive: true });
}

/** A mix as agents make it: mostly reads that are allowed, some denials, some tunnels, many hosts. */
async function fill(): Promise<void> {
  const at = snapshot();
  const code = principal({ class: 'code' });
  const kinds = Array.from({ length: 1000 }, (_, n): EventBody => {
    const host = `host-${n % 97}.example.org`;
    if (n % 10 === 0) return bodyOf(recorded(request('POST', `https://${host}/x`), at));
    if (n % 10 === 1) return bodyOf(recorded(request('CONNECT', `${host}:443`), at));
    if (n % 10 === 2) return bodyOf(recorded(request('POST', 'https://api.acme.example/v1', { principal: code }), at));
    return bodyOf(recorded(request('GET', `https://${host}/a/${n}`), at));
  });
  const log = await openLog(logOptions(dir, signer, { durability: 'relaxed', publishMs: 1000 }));
  for (let n = 0; n < COUNT; n += 1000) await Promise.all(kinds.map((body) => log.record(body)));
  await log.close();
}

function bodyOf({ v: _v, time: _time, node: _node, ...body }: ReturnType<typeof recorded>): EventBody {
  return body;
}

function replayed() {
  const replay = new Replay({ bundleOf: () => shippedBundle(), candidate: null });
  for (const { bytes } of readEntries(dir)) replay.feed(JSON.parse(bytes.toString('utf8')) as AuditEvent);
  const { decisions, differences } = replay.finish();
  return { decisions, differences };
}

function timed<T>(act: () => T): { value: T; perSecond: number } {
  const start = performance.now();
  const value = act();
  return { value, perSecond: Math.round((COUNT / (performance.now() - start)) * 1000) };
}
