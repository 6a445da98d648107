/** T-48 and its neighbours: what a task may use up, on real traffic; each limit is met by a task of its own. */

import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await openLab();
}, 60_000);

afterAll(() => lab?.close());

/** One plain request; the status line and the reason that the gate gives, if it does. */
async function get(pass: string, host = 'web.lab.test', path = '/'): Promise<string> {
  const target = `${host}:${lab.plainPort}`;
  const head = `GET http://${target}${path} HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n${lab.authorization(pass)}\r\n`;
  const said = await lab.raw(head);
  return `${said.slice(9, 12)} ${/details="([a-z_]+)/.exec(said)?.[1] ?? ''}`.trim();
}

async function repeated(count: number, one: () => Promise<string>): Promise<string[]> {
  const out: string[] = [];
  for (let i = 0; i < count; i += 1) out.push(await one());
  return out;
}

describe('budgets of a task', () => {
  it('bound its requests; those of another task of the same tenant are its own', async () => {
    const pass = await lab.issue('acme', 'lab-tight');
    expect(await repeated(7, () => get(pass))).toEqual([...Array(6).fill('200'), '429 budget_requests']);
    expect(await get(await lab.issue('acme', 'lab-tight'))).toBe('200');
  });

  it('bound the hosts that it meets', async () => {
    const pass = await lab.issue('acme', 'lab-tight');
    expect(await get(pass)).toBe('200');
    expect(await get(pass, 'two.lab.test')).toBe('200');
    expect(await get(pass, 'bad.lab.test')).toBe('429 budget_hosts');
    expect(await get(pass)).toBe('200');
  });

  it('bound what long, random-looking names and queries can carry out (T-37)', async () => {
    const pass = await lab.issue('acme', 'lab-tight');
    const data = 'q7Zk29XvLm4Tp0Rs8Yc3Wd6Nb1Jf5Hg2';
    expect(await get(pass, 'web.lab.test', '/search?q=a+natural+question')).toBe('200');
    expect(await repeated(4, () => get(pass, 'web.lab.test', `/x?d=${data}`))).toEqual([
      ...Array(3).fill('200'),
      '429 budget_leak',
    ]);
    expect(await get(pass)).toBe('200');
  });

  it('bound what it downloads: what says its length before it begins, what does not in the middle', async () => {
    const body = 'plain text '.repeat(20_000);
    lab.script = (socket) => socket.end(answer(body));
    expect(await get(await lab.issue('acme', 'lab-tight'))).toBe('429 budget_bytes');
    const pass = await lab.issue('acme', 'lab-tight');
    lab.script = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body.slice(0, 90_000)}`);
      setTimeout(() => socket.end(body.slice(90_000)), 300);
    };
    const target = `web.lab.test:${lab.plainPort}`;
    const said = await lab.raw(`GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\n${lab.authorization(pass)}\r\n`);
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
    expect(said.length).toBeLessThan(170_000);
    // Cut, not ended: the client must not take the part for the whole.
    expect(said).not.toMatch(/\r\n0\r\n\r\n$/);
    lab.script = (socket) => socket.end(answer('hello'));
    expect(await get(pass)).toBe('429 budget_bytes');
    expect(await get(await lab.issue('acme', 'lab-tight'))).toBe('200');
  });

  it('bound what it holds open at once, and give back what ends', async () => {
    const pass = await lab.issue('acme', 'lab-tight');
    const held: Socket[] = [];
    lab.script = (socket) => void held.push(socket);
    const waiting = [get(pass), get(pass)];
    await expect.poll(() => held.length).toBe(2);
    expect(await get(pass)).toBe('429 budget_flows');
    for (const socket of held) socket.end(answer('hello'));
    expect(await Promise.all(waiting)).toEqual(['200', '200']);
    lab.script = (socket) => socket.end(answer('hello'));
    await expect.poll(() => get(pass)).toBe('200');
  });

  it('bound its rate: a burst of twice the rate, then a wait', async () => {
    const pass = await lab.issue('acme', 'lab-slow');
    const burst = await Promise.all(Array.from({ length: 12 }, () => get(pass)));
    const passed = burst.filter((one) => one === '200').length;
    expect(passed).toBeGreaterThanOrEqual(4);
    expect(burst.filter((one) => one === '429 budget_rate').length).toBe(12 - passed);
    expect(passed).toBeLessThan(12);
    await expect.poll(() => get(pass), { timeout: 10_000 }).toBe('200');
  });

  it('bound how long it goes on', async () => {
    const pass = await lab.issue('acme', 'lab-brief');
    expect(await get(pass)).toBe('200');
    await expect.poll(() => get(pass), { timeout: 10_000 }).toBe('429 budget_wall');
  });
});
