/** Whose pass it is, and where it may be used from: T-07, T-26, T-49. */

import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, everything, type Lab, type LabDecision, openLab, type TunnelOptions } from '../proxy/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  lab.script = (socket) => void socket.write(answer('ok'));
}, 60_000);
afterAll(() => lab.close());

async function opened(options: TunnelOptions = {}): Promise<TLSSocket> {
  const { socket, refused } = await lab.tunnel('web.lab.test', options);
  if (socket === null) throw new Error(refused);
  return socket;
}

/** The sessions that a client could resume, after one whole request. */
async function sessions(pass: string): Promise<Buffer[]> {
  const socket = await opened({ pass });
  const kept: Buffer[] = [];
  socket.on('session', (session) => kept.push(session));
  socket.write(`GET / HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\nConnection: close\r\n\r\n`);
  await everything(socket);
  const last = socket.getSession();
  return last === undefined ? kept : [...kept, last];
}

describe('T-07 a TLS session at the gate', () => {
  it('is resumed by nobody, neither with another pass nor with the same', async () => {
    for (const session of await sessions(lab.passes.read)) {
      for (const pass of [lab.passes.read, lab.passes.other]) {
        const socket = await opened({ pass, session });
        await new Promise((resolve) => socket.once('secureConnect', resolve));
        expect(socket.isSessionReused()).toBe(false);
        socket.destroy();
      }
    }
  });
});

/** One request from another address of this machine. */
function from(
  localAddress: string,
  bytes: string,
  port = Number(lab.appliance.proxyAddress.split(':')[1]),
): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  socket.on('error', () => undefined);
  socket.write(bytes, 'latin1');
  return everything(socket);
}

describe('T-49 a pass that is bound to a source', () => {
  const plain = (pass: string) => {
    const host = `web.lab.test:${lab.plainPort}`;
    return `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization(pass)}Connection: close\r\n\r\n`;
  };
  const opening = (pass: string) => {
    const host = `web.lab.test:${lab.tlsPort}`;
    return `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization(pass)}\r\n`;
  };

  it('is good from there and from nowhere else, at each door', async () => {
    const pass = await lab.issue('acme', 'lab-read', { source: '127.0.0.7' });
    expect(await from('127.0.0.7', plain(pass))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await from('127.0.0.8', plain(pass))).toMatch(/^HTTP\/1\.1 403 [\s\S]*pass_wrong_source/);
    expect(await from('127.0.0.7', opening(pass))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await from('127.0.0.8', opening(pass))).toMatch(/^HTTP\/1\.1 403 [\s\S]*pass_wrong_source/);
  });

  it('may name a prefix', async () => {
    const pass = await lab.issue('acme', 'lab-read', { source: '127.1.0.0/16' });
    expect(await from('127.1.2.3', plain(pass))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await from('127.2.2.3', plain(pass))).toMatch(/pass_wrong_source/);
  });

  it('at the SOCKS5 door too', async () => {
    const issued = await lab.admin('/v1/passes', { tenant: 'acme', class: 'lab-read', source: '127.0.0.7' });
    const { username, password } = new URL(String(issued['socks_url']));
    const login = [1, username.length, ...Buffer.from(username), password.length, ...Buffer.from(password)];
    const name = Buffer.from('web.lab.test');
    const request = [5, 1, 0, 3, name.length, ...name, lab.tlsPort >> 8, lab.tlsPort & 255];
    const bytes = Buffer.from([5, 1, 2, ...login, ...request]).toString('latin1');
    const port = Number(new URL(String(issued['socks_url'])).port);
    const replies = await Promise.all(['127.0.0.7', '127.0.0.8'].map((address) => from(address, bytes, port)));
    expect(replies.map((reply) => reply.charCodeAt(5))).toEqual([0, 2]);
  });

  it('a source that is none is no pass', async () => {
    expect(await lab.admin('/v1/passes', { tenant: 'acme', class: 'lab-read', source: 'anywhere' })).not.toHaveProperty(
      'token',
    );
  });

  it('a pass of another audience, and one whose body was changed, are no passes', async () => {
    const [task = '', token = ''] = lab.passes.read.split(':');
    const [head = '', body = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...claims, tenant: 'globex' })).toString('base64url');
    for (const bad of [`${head}.${forged}.${signature}`, `${head}.${body}.`, `${head}.${body}`]) {
      expect(await lab.raw(plain(`${task}:${bad}`))).toMatch(/^HTTP\/1\.1 403 [\s\S]*pass_malformed/);
    }
  });
});

describe('T-26 heads of CONNECT that differ in their pass alone', () => {
  it('are each judged by the pass that stands in them', async () => {
    const [task = '', token = ''] = lab.passes.read.split(':');
    const forged = `${task}:${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
    const said: string[] = [];
    for (const pass of [lab.passes.read, forged, lab.passes.other, lab.passes.read]) {
      const { socket, refused } = await lab.tunnel('web.lab.test', { pass });
      socket?.destroy();
      said.push(socket === null ? (/pass_[a-z]+/.exec(refused)?.[0] ?? refused) : 'open');
    }
    expect(said).toEqual(['open', 'pass_malformed', 'open', 'open']);
    // Who leaves in the middle of a handshake has a record of that as well.
    const ofHeads = ({ effect, reason }: LabDecision) => effect === 'allow' || reason === 'pass_malformed';
    const tenants = async () =>
      (await lab.decisions())
        .filter(ofHeads)
        .slice(0, 4)
        .map(({ tenant }) => tenant);
    await expect.poll(tenants).toEqual(['acme', 'globex', null, 'acme']);
  });
});
