import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Deadlines, type Due } from '../deadlines.ts';
import { relayTunnel } from './tunnel.ts';

it('a tunnel of which both sides are closed already is over, and leaves no deadline behind', async () => {
  const [client, upstream] = [new PassThrough().destroy(), new PassThrough().destroy()];
  await setImmediate();
  const kept = new Set<Due>();
  const deadlines = new Deadlines();
  deadlines.add = (one) => void kept.add(one);
  deadlines.delete = (one) => void kept.delete(one);
  const tunnel = { client, upstream, pump: null, idleMs: 60_000, deadlines, spend: () => true };
  expect(await relayTunnel(tunnel)).toBe('client_closed');
  expect(kept.size).toBe(0);
});
