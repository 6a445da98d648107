/** A stream without an end through the gate and its guard: what it takes of memory does not grow with it (T-48). */

import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, openLab } from './lab.ts';
import { wordRule } from './test-rules.ts';

const MEGABYTE = 1_000_000;
/** Until here pools, tables and compiled code come to be. */
const WARM = 15 * MEGABYTE;
const LONG = 55 * MEGABYTE;
/** Of memory that is in use, and of what the process has from the system, which takes longer to go back. */
const GROWN_USED = 10 * MEGABYTE;
const GROWN_RSS = 50 * MEGABYTE;
/** A piece with one finding in it; the rest is what the guard reads fastest. */
const PIECE = Buffer.from(`${`${'~'.repeat(99)}\n`.repeat(1000)}then marmalade7 is said\n`);
const SAID = Buffer.from('[REDACTED:FRUIT]');

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab({ workers: '1' }, [], { 'dlp/fruit.yaml': wordRule('fruit', 'marmalade', 'block') });
}, 240_000);
afterAll(() => lab?.close());

/** Sends pieces for as long as the other side takes them. */
function endless(socket: Socket): void {
  const chunk = Buffer.concat([Buffer.from(`${PIECE.length.toString(16)}\r\n`), PIECE, Buffer.from('\r\n')]);
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  socket.on('error', () => undefined);
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n');
  more();
}

async function used(): Promise<{ used: number; rss: number }> {
  for (let i = 0; i < 3; i += 1) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, rss };
}

it('T-48 goes through the guard for as long as it likes, and memory stays as it was', async () => {
  lab.script = endless;
  const [host = '', port = ''] = lab.appliance.proxyAddress.split(':');
  const client = connect(Number(port), host);
  client.write(
    `GET http://web.lab.test:${lab.plainPort}/log HTTP/1.1\r\nHost: web.lab.test:${lab.plainPort}\r\n${lab.authorization()}\r\n`,
  );
  let bytes = 0;
  let redacted = 0;
  let leaked = 0;
  let last = Buffer.alloc(0);
  let before: Awaited<ReturnType<typeof used>> | undefined;
  for await (const chunk of client as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    const seen = Buffer.concat([last, chunk]);
    for (let at = seen.indexOf(SAID); at >= 0; at = seen.indexOf(SAID, at + 1)) redacted += 1;
    if (seen.includes('marmalade')) leaked += 1;
    last = seen.subarray(Math.max(0, seen.length - SAID.length + 1));
    if (before === undefined && bytes > WARM) before = await used();
    if (bytes > LONG) break;
  }
  // Nothing was closed yet: what is in use is what such a stream takes.
  const after = await used();
  client.destroy();
  expect(leaked).toBe(0);
  expect(redacted).toBeGreaterThan((0.9 * LONG) / PIECE.length);
  expect(after.used - (before?.used ?? 0)).toBeLessThan(GROWN_USED);
  expect(after.rss - (before?.rss ?? 0)).toBeLessThan(GROWN_RSS);
}, 120_000);
