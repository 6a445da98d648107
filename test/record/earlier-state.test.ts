/**
 * A state directory that the code of 28 November 2026 left behind (commit 93110b7: a demonstration with three decisions, a blocked
 * category and a denied host), as today's code starts on it. Its keys were made for it and are good for nothing else.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Appliance, startAppliance } from '../../src/appliance/start-appliance.ts';
import { secret } from '../../src/appliance/tour/tour-client.ts';
import { parseVerifierKey } from '../../src/audit/signed-note.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import { rootsOf } from '../../src/control/load-revision.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { temporaryDirectory } from '../journey/running-appliance.ts';
import { loopbackConfig } from '../proxy/loopback-config.ts';

/** When it was left, and what it had. */
const LEFT = Date.parse('2026-11-30T16:54:30Z');
const ENTRIES = 18;

const directory = temporaryDirectory();
const state = join(directory.path, 'state');
let appliance: Appliance;

beforeAll(async () => {
  execFileSync('tar', ['-xzf', join(import.meta.dirname, 'earlier-state.tar.gz'), '-C', directory.path]);
  // As on the day after: what is older than 30 days is forgotten.
  const back = Date.now() - LEFT - 86_400_000;
  const clock = { ...systemClock, now: () => systemClock.now() - back };
  const config = loopbackConfig(directory.path, { 'isolates.hosts': '0', 'guard.workers': '0' });
  const log = createLog({ level: 'silent' });
  appliance = await startAppliance({ config, roots: rootsOf(config), log, clock, version: 'test' });
}, 60_000);

afterAll(async () => {
  await appliance?.stop(0);
  directory.remove();
});

async function admin(path: string, body?: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${secret(appliance, 'admin-token')}`, 'content-type': 'application/json' };
  const asked = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
  return (await (await fetch(`http://${appliance.adminAddress}${path}`, asked)).json()) as Record<string, unknown>;
}

describe('the state of an earlier version', () => {
  it('has its controls in force', async () => {
    const { controls } = appliance.core.control.current();
    expect(Object.keys(controls.blockedCategories)).toEqual(['net-disks']);
    expect(controls.hostOverrides).toMatchObject([{ host: 'bad.example', effect: 'deny' }]);
    expect(controls.version).toBe(2);
  });

  it('answers what was asked of its record, and decides it all again as it was', async () => {
    const { events } = (await admin('/v1/audit?type=decision&limit=100')) as { events: { seq: number }[] };
    expect(events.length).toBe(3);
    expect(await admin('/v1/policy/replay', { days: 7 })).toMatchObject({ decisions: 3, differences: 0 });
  });

  it('goes on with the same log, under the same key', async () => {
    await appliance.stop(0);
    const key = parseVerifierKey(readFileSync(join(state, 'log-keys.txt'), 'utf8').trim());
    if (!key.ok) throw new Error(key.error);
    const verified = verifyLog(join(state, 'audit'), { verifiers: [key.value] });
    expect(verified).toMatchObject({ ok: true, fault: null });
    expect(verified).toMatchObject({ firstKept: 0, unknownKeys: 0 });
    expect(verified.size).toBeGreaterThan(ENTRIES);
  });
});
