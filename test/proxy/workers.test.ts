/** Several egress workers on one port: bounds, cuts and policy hold over all of them, and one that ends costs its own flows only. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EgressWorkers } from '../../src/appliance/workers/egress-workers.ts';
import { answer, type Lab, openLab } from './lab.ts';
import { LAB_SECRET, LAB_SECRET_RULE } from './test-rules.ts';

const WORKERS = 3;
/** So many connections that the kernel gives some to each. */
const MANY = 30;
/** A crowded machine is slow. */
const LONG = { timeout: 20_000 } as const;

const WORD_RULE = `version: 1
rules:
  - id: word-of-the-day
    description: A word that nobody may hear today.
    info_type: WORD
    kind: dictionary
    regex: '\\b(marmalade)\\b'
    secret_group: 1
    likelihood: VERY_LIKELY
    severity: high
    actions: { result: block, request: block }
    tests: { match: ['marmalade'], no_match: ['marmelade'] }
`;

let lab: Lab;
let workers: EgressWorkers;

beforeAll(async () => {
  lab = await openLab({ workers: String(WORKERS) }, [], { 'dlp/token.yaml': LAB_SECRET_RULE });
  const { egress } = lab.appliance;
  if (!(egress instanceof EgressWorkers)) throw new Error('one process serves');
  workers = egress;
}, 240_000);

afterAll(() => lab?.close());

const times = <T>(count: number, make: (n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)));

/** One request on a connection of its own: its status, and the reason that the gate gives. */
async function get(pass: string, host = 'web.lab.test', fields = ''): Promise<string> {
  const target = `${host}:${lab.plainPort}`;
  const said = await lab.raw(
    `GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n${fields}${lab.authorization(pass)}\r\n`,
    20_000,
  );
  return `${said.slice(9, 12)} ${/details="([a-z_]+)/.exec(said)?.[1] ?? ''}`.trim();
}

/** Answers that never end, each until its connection does. */
function endless(text = 'begun'): Socket[] {
  const open: Socket[] = [];
  lab.script = (socket) => {
    open.push(socket);
    socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${text}`);
    socket.once('close', () => open.splice(open.indexOf(socket), 1));
  };
  return open;
}

/** Why each flow whose close is on record ended. */
async function closes(): Promise<string[]> {
  const { events } = await lab.admin('/v1/audit?type=flow.closed&limit=1000');
  return (events as { event: { cause: string } }[]).map(({ event }) => event.cause);
}

describe('egress workers', () => {
  it('all listen on the port of the door', () => {
    const port = Number(lab.appliance.proxyAddress.split(':')[1]);
    const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
    // State 0A: listening.
    expect(rows.filter((row) => row.includes(`${local} 00000000:0000 0A`))).toHaveLength(WORKERS);
  });

  it('each record what they decide, once, and say what they measured', async () => {
    const { read, other } = lab.passes;
    expect(await times(MANY, (n) => get(n % 2 === 0 ? read : other))).toEqual(Array(MANY).fill('200'));
    expect(await get('nobody:nothing')).toBe('403 pass_malformed');
    const plain = await lab.decisions();
    expect(plain.filter(({ effect }) => effect === 'allow')).toHaveLength(MANY);
    expect(plain.filter(({ reason }) => reason === 'pass_malformed')).toHaveLength(1);
    await expect.poll(async () => (await closes()).length).toBe(MANY);
    const metrics = async () => (await fetch(`http://${lab.appliance.adminAddress}/metrics`)).text();
    await expect.poll(metrics, { timeout: 10_000 }).toMatch(/locktender_decision_seconds_count\{cached="no"\} [1-9]/);
    expect(await metrics()).toContain(`\nlocktender_workers ${WORKERS}\n`);
  });

  it('keep a bound on requests together, to the one', async () => {
    const pass = await lab.issue('acme', 'lab-tight');
    let got: string[] = [];
    for (let i = 0; i < 12; i += 1) got = [...got, await get(pass)];
    expect(got).toEqual([...Array(6).fill('200'), ...Array(6).fill('429 budget_requests')]);
  });

  it('keep a bound on bytes together, whichever counts them', async () => {
    const pass = await lab.issue('acme', 'lab-tight');
    lab.script = (socket) => socket.end(answer('x'.repeat(30_000)));
    const got = [await get(pass), await get(pass), await get(pass), await get(pass), await get(pass)];
    lab.script = (socket) => socket.end(answer('hello'));
    expect(got.slice(0, 3)).toEqual(['200', '200', '200']);
    expect(got.slice(3).filter((said) => said === '429 budget_bytes').length).toBeGreaterThan(0);
    expect(await get(pass)).toBe('429 budget_bytes');
  });

  it('T-48 keep bytes by tenant and task: an id that two tenants chose is two tasks, whichever worker serves them', async () => {
    const [one, other] = [
      await lab.issue('acme', 'lab-read', { task: 'chosen-by-both' }),
      await lab.issue('globex', 'lab-tight', { task: 'chosen-by-both' }),
    ];
    const open = endless('plain text '.repeat(10_000));
    const begun = times(MANY, () => get(one));
    await expect.poll(() => open.length, LONG).toBe(MANY);
    // By now the one has moved more in each worker than the other may in all.
    lab.script = (socket) => socket.end(answer('x'.repeat(30_000)));
    const got: string[] = [];
    for (let i = 0; i < 5; i += 1) got.push(await get(other));
    lab.script = (socket) => socket.end(answer('hello'));
    for (const socket of [...open]) socket.end();
    await begun;
    expect(got).toEqual(['200', '200', '200', '429 budget_bytes', '429 budget_bytes']);
    expect(await get(one)).toBe('200');
  });

  it('count what a field says once, whichever of them hears it (T-37)', async () => {
    const pass = await lab.issue('acme', 'lab-read');
    const value = (n: number) =>
      Array.from({ length: 3000 }, (_, i) => ((i * 7919 + n) % 46_656).toString(36).padStart(4, 'k')).join('');
    // More than a third of what the task may leak: counted by each worker it would be too much.
    const fields = [1, 2].map((n) => `X-Data-${n}: ${value(n)}\r\n`).join('');
    expect(await get(pass, 'web.lab.test', fields)).toBe('200');
    expect(await times(MANY, () => get(pass, 'web.lab.test', fields))).toEqual(Array(MANY).fill('200'));
    const more = (from: number) => [from, from + 1].map((n) => `X-Data-${n}: ${value(n)}\r\n`).join('');
    expect(await get(pass, 'web.lab.test', more(3))).toBe('200');
    expect(await get(pass, 'web.lab.test', more(5))).toBe('429 budget_leak');
  });

  it('are all cut by one change, and what does not depend on it goes on; the next request meets the change at once', async () => {
    const open = endless();
    const { read, other } = lab.passes;
    const ended = times(MANY, (n) => get(n % 3 === 0 ? other : read, 'two.lab.test'));
    await expect.poll(() => open.length, { timeout: 20_000 }).toBe(MANY);
    const receipt = await lab.admin('/v1/tenants/acme/quarantine', { why: 'test' });
    expect(receipt).toMatchObject({ dependants: MANY - MANY / 3, cut: MANY - MANY / 3, missed: [] });
    await expect.poll(() => open.length).toBe(MANY / 3);
    const denied = (await times(MANY, () => get(read))).filter((said) => said !== '403 tenant_quarantined');
    expect(denied).toEqual([]);
    await lab.admin('/v1/tenants/acme/release', { why: 'test' });
    lab.script = (socket) => socket.end(answer('hello'));
    expect(await times(MANY, () => get(read))).toEqual(Array(MANY).fill('200'));
    expect(open).toHaveLength(MANY / 3);
    expect(await lab.admin('/v1/tenants/globex/quarantine', { why: 'test' })).toMatchObject({
      cut: MANY / 3,
      missed: [],
    });
    await lab.admin('/v1/tenants/globex/release', { why: 'test' });
    expect(await ended).toHaveLength(MANY);
  });

  it('follow an edit of the policy, and of the DLP rules', async () => {
    const ask = () => times(MANY, () => get(lab.passes.read));
    lab.script = (socket) => socket.end(answer('the word of the day is marmalade'));
    expect(await ask()).toEqual(Array(MANY).fill('200'));
    const rules = lab.appliance.core.roots.rules.at(-1) ?? '';
    mkdirSync(join(rules, 'dlp'), { recursive: true });
    writeFileSync(join(rules, 'dlp/word.yaml'), WORD_RULE);
    await lab.appliance.reload();
    expect(await ask()).toEqual(Array(MANY).fill('403 guard_blocked'));
    rmSync(join(rules, 'dlp/word.yaml'));
    const capability = join(rules, 'capabilities/net.read.lab.yaml');
    const before = readFileSync(capability, 'utf8');
    writeFileSync(capability, before.replace('web.lab.test, ', ''));
    await lab.appliance.reload();
    expect(await ask()).toEqual(Array(MANY).fill('403 default_deny'));
    writeFileSync(capability, before);
    await lab.appliance.reload();
    expect(await ask()).toEqual(Array(MANY).fill('200'));
  });

  it('put a value back that one of them tokenised, each of them (T-50)', async () => {
    const ask = (fields = '') =>
      lab.inspected(
        'web.lab.test',
        `GET / HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\n${fields}Connection: close\r\n\r\n`,
        { pass: lab.passes.write },
      );
    lab.script = (socket) => socket.end(answer(`{"key":"${LAB_SECRET}"}`, 'Content-Type: application/json\r\n'));
    const [token = ''] = /\[TOKEN:LAB_SECRET:[0-9a-f]{20}\]/.exec(await ask()) ?? [];
    expect(token).not.toBe('');
    lab.script = (socket, head) => socket.end(answer(head.includes(LAB_SECRET) ? 'it is back' : 'it is not'));
    const back = async () =>
      new Set((await times(12, () => ask(`X-Key: ${token}\r\n`))).map((said) => said.slice(-10)));
    await expect.poll(back, LONG).toEqual(new Set(['it is back']));
    expect(workers.seats.size).toBe(WORKERS);
  });

  it('that ends takes its own flows along, on record, and is replaced', async () => {
    const open = endless();
    const ended = times(MANY, () => get(lab.passes.read, 'two.lab.test'));
    await expect.poll(() => open.length, { timeout: 20_000 }).toBe(MANY);
    const [seat] = workers.seats;
    await seat?.abandon();
    await expect.poll(() => workers.seats.size, LONG).toBe(WORKERS - 1);
    await expect.poll(() => open.length, LONG).toBeLessThan(MANY);
    const left = open.length;
    expect(left).toBeGreaterThan(0);
    const lost = async () => (await closes()).filter((cause) => cause === 'internal_error').length;
    await expect.poll(lost, LONG).toBe(MANY - left);
    await expect.poll(() => workers.seats.size, { timeout: 20_000 }).toBe(WORKERS);
    expect(open).toHaveLength(left);
    for (const socket of open) socket.destroy();
    await ended;
    lab.script = (socket) => socket.end(answer('hello'));
    // Nothing of what was lost still counts as open.
    await expect.poll(() => lab.appliance.core.leases.live().length).toBe(0);
    await expect
      .poll(async () => (await times(MANY, () => get(lab.passes.read))).every((said) => said === '200'))
      .toBe(true);
  });

  it('that end give back what was open to each of two tenants with the same id', async () => {
    const task = 'open-to-both';
    const one = await lab.issue('acme', 'lab-read', { task });
    const other = await lab.issue('globex', 'lab-tight', { task });
    const open = endless();
    const begun = [times(MANY, () => get(one))];
    await expect.poll(() => open.length, LONG).toBe(MANY);
    // All that it may have open at once.
    begun.push(times(2, () => get(other)));
    await expect.poll(() => open.length, LONG).toBe(MANY + 2);
    await Promise.all([...workers.seats].map((seat) => seat.abandon()));
    await Promise.all(begun);
    lab.script = (socket) => socket.end(answer('hello'));
    await expect.poll(() => workers.seats.size, LONG).toBe(WORKERS);
    // Until their doors are open again, nobody says anything.
    await expect.poll(() => get(other), LONG).not.toBe('');
    expect(await get(other)).toBe('200');
  });
});
