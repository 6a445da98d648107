/** How long 1,000 live tunnels last once their capability is revoked: from the asking to each one's last event. */

import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { summary } from '../measure.ts';
import { cpuOf } from './cpu.ts';
import { pingTunnel } from './load.ts';
import type { Subject } from './subjects.ts';
import { PING_BYTES } from './world.ts';

const FLOWS = 1_000;
const QUESTION = Buffer.alloc(PING_BYTES, 0x71);

export async function cutFlows({ pid, way, admin }: Subject) {
  if (!admin) throw new Error('only the gate can be told to cut');
  const last = new Float64Array(FLOWS);
  let open = 0;
  const sockets: Socket[] = [];
  for (let n = 0; n < FLOWS; n += 1) {
    const socket = await pingTunnel(way);
    open += 1;
    const seen = (): void => {
      last[n] = performance.now();
    };
    socket.on('error', () => undefined);
    socket.on('data', seen);
    socket.once('close', () => {
      seen();
      open -= 1;
    });
    sockets.push(socket);
  }
  // Live: each flow moves bytes twice a second, 2,000 requests a second in all.
  let turn = 0;
  const timer = setInterval(() => {
    turn += 1;
    for (let n = turn % 2; n < FLOWS; n += 2) sockets[n]?.write(QUESTION);
  }, 250);
  await sleep(1_000);
  const cpu = cpuOf(pid);
  const since = performance.now();
  const response = await fetch(`http://${admin.address}/v1/capabilities/net.tunnel.bench/revoke`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ why: 'bench' }),
  });
  const receipt = (await response.json()) as Record<string, unknown>;
  const answeredMs = performance.now() - since;
  const cpuMs = (cpuOf(pid) - cpu) / 1000;
  await sleep(1_000);
  clearInterval(timer);
  return {
    flows: FLOWS,
    missed: open,
    lastEventMs: summary(
      last.map((at) => at - since),
      1,
    ),
    answeredMs,
    cpuMs,
    receipt,
  };
}
