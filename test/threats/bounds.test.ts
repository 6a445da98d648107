/** T-48: distinct hosts and tasks fill caches up to their bounds and no further. */

import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseHost } from '../../src/core/host.ts';
import { answer, type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab({ 'proxy.limits.upstream_pools': '4', 'proxy.inspect.leaf_cache': '16' });
}, 60_000);
afterAll(() => lab.close());

it('T-48 no more pools of connections to origins are kept than the bound says, and every request is answered', async () => {
  const open = new Set<Socket>();
  lab.script = (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.write(answer('ok'));
  };
  const host = `web.lab.test:${lab.plainPort}`;
  const passes = await Promise.all(Array.from({ length: 40 }, () => lab.issue('acme', 'lab-read')));
  const said = await Promise.all(
    passes.map((pass) =>
      lab.raw(
        `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization(pass)}Connection: close\r\n\r\n`,
        10_000,
      ),
    ),
  );
  expect(said.filter((text) => text.startsWith('HTTP/1.1 200 ')).length).toBe(40);
  await expect.poll(() => open.size, { timeout: 5000, interval: 20 }).toBeLessThanOrEqual(4);
  expect(open.size).toBeGreaterThan(0);
});

it('T-48 no more certificates are kept than the bound says', () => {
  const { authority } = lab.appliance.core;
  const contextOf = (i: number) => {
    const host = parseHost(`host-${i}.lab.test`);
    if (!host.ok) throw new Error(host.error);
    return authority.contextFor(host.value);
  };
  const first = contextOf(0);
  expect(contextOf(0)).toBe(first);
  for (let i = 1; i < 200; i += 1) contextOf(i);
  expect(contextOf(199)).toBe(contextOf(199));
  expect(contextOf(0)).not.toBe(first);
});
