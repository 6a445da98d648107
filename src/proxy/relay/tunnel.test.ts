import { Duplex, PassThrough } from 'node:stream';
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

it.each(['moved', 'looked at'])(
  'a side that ended before its tunnel began ends the other: bytes are %s',
  async (how) => {
    const side = () => new Duplex({ allowHalfOpen: true, read: () => undefined, write: (_, __, done) => done() });
    const [client, upstream] = [side(), side()];
    upstream.push(null);
    upstream.resume();
    await setImmediate();
    expect(upstream.readableEnded).toBe(true);
    const tunnel = { client, upstream, pump: null, idleMs: 60_000, deadlines: new Deadlines(), spend: () => true };
    const through = (_: unknown, bytes: Buffer) => Promise.resolve(bytes);
    const over = relayTunnel(how === 'moved' ? tunnel : { ...tunnel, through });
    await setImmediate();
    expect(client.writableEnded).toBe(true);
    client.push(null);
    expect(await over).toBe('completed');
  },
);

it.each(['client', 'origin'])(
  'a client that has ended its side is sent what is left, where the %s ended first',
  async (first) => {
    let taken: () => void = () => undefined;
    const side = (write: (done: () => void) => void) =>
      new Duplex({ allowHalfOpen: true, read: () => undefined, write: (_, __, done) => write(done) });
    const client = side((done) => {
      taken = done;
    });
    const upstream = side((done) => done());
    const tunnel = { client, upstream, pump: null, idleMs: 60_000, deadlines: new Deadlines(), spend: () => true };
    const over = relayTunnel(tunnel);
    upstream.push('the last words');
    await setImmediate();
    for (const one of first === 'client' ? [client, upstream] : [upstream, client]) {
      one.push(null);
      await setImmediate();
    }
    expect(upstream.destroyed).toBe(true);
    expect(client.destroyed).toBe(false);
    taken();
    expect(await over).toBe('completed');
    expect(client.writableFinished).toBe(true);
  },
);

it.each(['cut', 'late'])(
  'a tunnel that waits for the last of an answer to be taken ends at once when it is %s',
  async (how) => {
    const side = (takes: boolean) =>
      new Duplex({ allowHalfOpen: true, read: () => undefined, write: (_, __, done) => void (takes && done()) });
    const [client, upstream] = [side(false), side(true)];
    const deadlines = new Deadlines();
    let idle: Due | null = null;
    deadlines.add = (one) => {
      idle = one;
    };
    const over = relayTunnel({ client, upstream, pump: null, idleMs: 60_000, deadlines, spend: () => true });
    upstream.push('the last words');
    upstream.push(null);
    client.push(null);
    await setImmediate();
    await setImmediate();
    expect([upstream.destroyed, client.destroyed, client.writableLength]).toEqual([true, false, 14]);
    if (how === 'cut') client.destroy();
    else (idle as Due | null)?.late();
    expect(await over).toBe(how === 'cut' ? 'completed' : 'timeout');
    expect(client.destroyed).toBe(true);
  },
);
