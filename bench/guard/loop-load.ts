/**
 * Origin and clients of `bench/guard-loop.ts`, in a process of their own: a small answer asked for at a steady pace, and
 * large ones meanwhile. Says its port; is told by lines on stdin what to do, and answers each with a line of JSON.
 */

import { Agent, createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import { summary } from '../measure.ts';
import { agentText } from './texts.ts';

/** What is done in one phase. */
export interface LoadOrder {
  readonly proxy: string;
  readonly authorization: string;
  readonly ms: number;
  /** Path of the large answers, and how many are under way at once; none at 0. */
  readonly large: string;
  readonly atOnce: number;
}

const EVERY_MS = 10;
const LARGE = 4_000_000;

const text = agentText(LARGE);
const bodies: Readonly<Record<string, { readonly bytes: Buffer; readonly encoding: string }>> = {
  '/small': { bytes: text.subarray(0, 2048), encoding: '' },
  '/plain': { bytes: text, encoding: '' },
  '/gzip': { bytes: gzipSync(text), encoding: 'gzip' },
};
const origin = createServer((request, response) => {
  const { bytes, encoding } = bodies[request.url ?? ''] ?? { bytes: Buffer.alloc(0), encoding: '' };
  const fields = { 'content-type': 'text/plain', 'content-length': bytes.length };
  response.writeHead(200, encoding === '' ? fields : { ...fields, 'content-encoding': encoding });
  response.end(bytes);
});
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
const { port } = origin.address() as AddressInfo;
process.stdout.write(`${port}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await phase(JSON.parse(line) as LoadOrder))}\n`);
}
process.exit(0);

async function phase(order: LoadOrder) {
  const until = performance.now() + order.ms;
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const times: number[] = [];
  let bytes = 0;
  const large = Array.from({ length: order.atOnce }, async () => {
    while (performance.now() < until) bytes += await ask(order, order.large, agent);
  });
  const small: Promise<void>[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (performance.now() >= until) {
        clearInterval(timer);
        resolve();
        return;
      }
      const since = performance.now();
      small.push(ask(order, '/small', agent).then(() => void times.push(performance.now() - since)));
    }, EVERY_MS);
  });
  await Promise.all([...small, ...large]);
  agent.destroy();
  return {
    small: { asked: times.length, ms: summary(Float64Array.from(times), 1) },
    largeMegabytesPerSecond: Math.round(bytes / 1000 / order.ms) || 0,
  };
}

/** Bytes of the answer. */
function ask({ proxy, authorization }: LoadOrder, path: string, agent: Agent): Promise<number> {
  const [host = '', at = ''] = proxy.split(':');
  const url = `http://web.lab.test:${port}${path}`;
  return new Promise((resolve, reject) => {
    const headers = { host: `web.lab.test:${port}`, 'proxy-authorization': authorization };
    get({ host, port: Number(at), path: url, headers, agent }, (response: IncomingMessage) => {
      let length = 0;
      if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
      });
      response.once('end', () => resolve(length));
      response.once('error', reject);
    }).once('error', reject);
  });
}
