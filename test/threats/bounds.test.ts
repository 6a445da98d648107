/** T-48: distinct hosts and tasks fill caches up to their bounds and no further. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseHost } from '../../src/core/host.ts';
import { heapInUse } from '../collected.ts';
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

it('T-48 a connection that waits holds no more of its request than it compares the next one with', async () => {
  lab.script = (socket) => socket.write(answer('ok'));
  const host = `web.lab.test:${lab.plainPort}`;
  // It goes no further than the gate, and is longer than what is compared.
  const fields = `Proxy-Connection: ${'x'.repeat(30_000)}\r\n${lab.authorization()}`;
  const request = Buffer.from(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`, 'latin1');
  const [address = '', port = ''] = lab.appliance.proxyAddress.split(':');
  const clients: Socket[] = [];
  const ask = async (client: Socket) => {
    client.write(request);
    for (let said = ''; !said.endsWith('ok'); ) said += String(await once(client, 'data'));
  };
  const open = async (count: number) => {
    for (let i = 0; i < count; i += 1) {
      const client = connect(Number(port), address);
      clients.push(client);
      await ask(client);
    }
  };
  await open(20);
  const before = heapInUse();
  await open(200);
  const grown = heapInUse() - before;
  for (const client of clients) client.destroy();
  // Their heads are 6 MB.
  expect(grown).toBeLessThan(4e6);
});
