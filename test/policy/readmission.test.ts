/** A stricter admission policy ends the passes that it would no longer issue, and what hangs on them; nothing else. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Readmission } from '../../src/appliance/policy/readmission.ts';
import { loadPolicy } from '../../src/control/load-revision.ts';
import { answer, type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await openLab();
}, 60_000);

afterAll(() => lab?.close());

const policyFile = () => join(lab.appliance.core.roots.rules.at(-1) ?? '', 'policy', 'tests.cedar');

function forbid(tenant: string): void {
  const policy = `@id("tests-${tenant}")\nforbid (principal, action == Action::"run", resource)\nwhen { context.tenant == "${tenant}" };\n`;
  mkdirSync(dirname(policyFile()), { recursive: true });
  writeFileSync(policyFile(), policy);
}

/** One request that goes on until the origin, or the gate, ends it. */
async function held(pass: string): Promise<{ readonly said: Promise<string>; readonly origin: Socket }> {
  const origin = new Promise<Socket>((resolve) => {
    lab.script = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
      resolve(socket);
    };
  });
  const target = `web.lab.test:${lab.plainPort}`;
  const said = lab.raw(`GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\n${lab.authorization(pass)}\r\n`, 2500);
  return { said, origin: await origin };
}

async function get(pass: string): Promise<string> {
  lab.script = (socket) => socket.end(answer('hello'));
  const target = `web.lab.test:${lab.plainPort}`;
  const fields = `Connection: close\r\n${lab.authorization(pass)}`;
  return lab.raw(`GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\n${fields}\r\n`);
}

it('cuts what a pass holds open, refuses it, and records why; another tenant goes on', async () => {
  const [mine, other] = [await lab.issue('acme', 'lab-read'), await lab.issue('globex', 'lab-read')];
  const [cut, kept] = [await held(mine), await held(other)];
  forbid('acme');
  expect(await lab.admin('/v1/policy/reload', { why: 'test' })).toMatchObject({ loaded: true, problems: [] });
  await expect.poll(() => cut.origin.destroyed).toBe(true);
  expect(kept.origin.destroyed).toBe(false);
  expect(await get(mine)).toMatch(/details="pass_revoked: /);
  kept.origin.destroy();
  await Promise.all([cut.said, kept.said]);
  expect(await get(other)).toMatch(/^HTTP\/1\.1 200 /);
  const { events } = (await lab.admin('/v1/audit?type=control.changed&limit=50')) as { events: { event: object }[] };
  expect(events.map(({ event }) => event)).toContainEqual(
    expect.objectContaining({ by: 'locktender', why: expect.stringMatching(/^no longer admitted: /) }),
  );
});

it('does the same for passes of before a restart, from the record', async () => {
  rmSync(policyFile());
  await lab.admin('/v1/policy/reload', { why: 'test' });
  const pass = await lab.issue('initech', 'lab-read');
  expect(await get(pass)).toMatch(/^HTTP\/1\.1 200 /);
  const { core } = lab.appliance;
  await core.audit.publish();
  const restarted = new Readmission({ clock: core.clock, log: core.log, maxTtlMs: core.config.passes.max_ttl_ms });
  restarted.recall(core.audit.dir);
  expect(await restarted.review(core.control)).toBe(0);
  forbid('initech');
  // Without the appliance's own review: as if the file had been edited while it was down.
  await core.control.reload(loadPolicy(core.roots));
  expect(await get(pass)).toMatch(/^HTTP\/1\.1 200 /);
  expect(await restarted.review(core.control)).toBe(1);
  expect(await get(pass)).toMatch(/details="pass_revoked: /);
});
