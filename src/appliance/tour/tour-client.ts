/** A sandbox's side of the tour: requests through the gate over real sockets, as any HTTP client makes them. */

import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Appliance } from '../start-appliance.ts';

const { request: httpRequest } = process.getBuiltinModule('node:http');

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Thrown when CONNECT was denied: the denial is the answer. */
export class TunnelDenied extends Error {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`the tunnel was denied with ${answer.status}`);
    this.answer = answer;
  }
}

const WAIT_MS = 10_000;

/** GET over an inspected tunnel. `proxyUrl` is what the pass gave. */
export async function get(appliance: Appliance, proxyUrl: string, url: string): Promise<Answer> {
  const response = await open(appliance, proxyUrl, url);
  return { status: response.statusCode ?? 0, headers: response.headers, body: await textOf(response) };
}

/** The same, with the body left to be read. */
export async function open(appliance: Appliance, proxyUrl: string, url: string): Promise<IncomingMessage> {
  const { hostname, port, pathname } = new URL(url);
  const tls = await tunnel(appliance, proxyUrl, { hostname, port: Number(port || 443) });
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      createConnection: () => tls,
      path: pathname,
      headers: { host: `${hostname}:${port}`, connection: 'close' },
      timeout: WAIT_MS,
    });
    request.once('response', resolve);
    request.once('error', reject);
    request.once('timeout', () => request.destroy(new Error('no answer in time')));
    request.end();
  });
}

function tunnel(appliance: Appliance, proxyUrl: string, to: { hostname: string; port: number }): Promise<TLSSocket> {
  const proxy = new URL(proxyUrl);
  const credentials = Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: proxy.hostname,
      port: Number(proxy.port),
      method: 'CONNECT',
      path: `${to.hostname}:${to.port}`,
      headers: { host: `${to.hostname}:${to.port}`, 'proxy-authorization': `Basic ${credentials.toString('base64')}` },
      timeout: WAIT_MS,
    });
    request.once('error', reject);
    request.once('connect', (response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      if (response.statusCode !== 200) {
        const denial = { status: response.statusCode ?? 0, headers: response.headers };
        textOf(socket).then((body) => reject(new TunnelDenied({ ...denial, body })), reject);
        return;
      }
      const tls = connectTls({ socket, servername: to.hostname, ca: appliance.core.authority.pem });
      tls.once('secureConnect', () => resolve(tls));
      tls.once('error', reject);
    });
    request.end();
  });
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** A call of the admin API or the gateway, as the command line makes it. */
export async function call(
  base: string,
  order: { readonly path: string; readonly key: string; readonly body: unknown },
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`http://${base}${order.path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${order.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(order.body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

export function secret(appliance: Appliance, name: 'admin-token' | 'gateway-key'): string {
  return readFileSync(join(appliance.core.state.path, name), 'utf8').trim();
}
