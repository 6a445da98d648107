import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseHost } from '../../src/core/host.ts';
import { type FleetConnection, openConnection } from '../../src/fleet/connection.ts';
import { openCertificateAuthority } from '../../src/pki/certificate-authority.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { temporaryDirectory } from '../journey/running-appliance.ts';
import { type NatsServer, startNats } from './nats-server.ts';

const ending: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function server(settings?: string): Promise<NatsServer> {
  const nats = await startNats(settings);
  ending.push(() => nats.remove());
  return nats;
}

function connection(options: Partial<Parameters<typeof openConnection>[0]>): FleetConnection {
  const log = createLog({ level: 'silent' });
  const opened = openConnection({ servers: [], name: 'test', log, ...options });
  ending.push(() => opened.close());
  return opened;
}

describe('connection to NATS', () => {
  it('stands again, with the same subscriptions, once its server is back', async () => {
    const nats = await server();
    const link = connection({ servers: [nats.url] });
    const [stood, fell] = [vi.fn(), vi.fn()];
    link.onConnected(stood);
    link.onLost(fell);
    await vi.waitFor(() => expect(stood).toHaveBeenCalledTimes(1), 10_000);
    const first = link.current();
    const bucket = await first?.buckets.create('things');
    await bucket?.put('a', 'one');
    await nats.kill();
    await vi.waitFor(() => expect(fell).toHaveBeenCalledTimes(1), 10_000);
    expect(link.current()).toBeNull();
    await nats.start();
    await vi.waitFor(() => expect(stood).toHaveBeenCalledTimes(2), 10_000);
    expect(stood.mock.calls[1]?.[0]).toBe(first);
    expect((await bucket?.get('a'))?.string()).toBe('one');
  });

  it('waits for a server that is not there yet', async () => {
    const nats = await server();
    await nats.kill();
    const link = connection({ servers: [nats.url] });
    const stood = vi.fn();
    link.onConnected(stood);
    expect(link.current()).toBeNull();
    await nats.start();
    await vi.waitFor(() => expect(stood).toHaveBeenCalledTimes(1), 10_000);
  });

  it('signs in with a password that it reads anew, and goes on asking while it is refused', async () => {
    const dir = temporaryDirectory();
    ending.push(() => dir.remove());
    const passwordFile = join(dir.path, 'password');
    writeFileSync(passwordFile, 'wrong\n', { mode: 0o600 });
    const nats = await server('authorization { user: gate, password: right }');
    const link = connection({ servers: [nats.url], user: 'gate', passwordFile });
    const stood = vi.fn();
    link.onConnected(stood);
    writeFileSync(passwordFile, 'right\n');
    await vi.waitFor(() => expect(stood).toHaveBeenCalled(), 10_000);
  });

  it('refuses a secret that others can read', () => {
    const dir = temporaryDirectory();
    ending.push(() => dir.remove());
    const tokenFile = join(dir.path, 'token');
    writeFileSync(tokenFile, 'secret', { mode: 0o644 });
    expect(() => connection({ servers: ['nats://127.0.0.1:1'], tokenFile })).toThrow(
      /others can read .*token`; run `chmod 600/,
    );
  });
});

describe('TLS to NATS', () => {
  /** A directory with the certificates of two authorities, and a server whose own is by the first. */
  async function encrypted(name = '127.0.0.1') {
    const dir = temporaryDirectory();
    ending.push(() => dir.remove());
    const authority = (name: string) => {
      mkdirSync(join(dir.path, name), { mode: 0o700 });
      const at = { dir: join(dir.path, name), name: 'ca', commonName: name, clock: systemClock };
      return { made: openCertificateAuthority(at), ca: join(at.dir, 'ca.pem') };
    };
    const [own, other] = [authority('own'), authority('other')];
    const host = parseHost(name);
    if (!host.ok) throw new Error('no host');
    const { cert, key } = own.made.leafFor(host.value);
    const [certFile, keyFile] = [join(dir.path, 'cert'), join(dir.path, 'key')];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key, { mode: 0o600 });
    const { port } = await server(`tls { cert_file: "${certFile}", key_file: "${keyFile}" }`);
    return { port, servers: [`tls://127.0.0.1:${port}`], ca: own.ca, other: other.ca };
  }

  /** What a connection says while it is tried, until it stands or was tried three times. */
  async function tried(options: Partial<Parameters<typeof openConnection>[0]>): Promise<string> {
    const said: string[] = [];
    const log = createLog({ level: 'warn', write: (line) => void said.push(line) });
    const link = connection({ ...options, log });
    await vi.waitFor(() => expect(link.current() !== null || said.length >= 3).toBe(true), 10_000);
    return link.current() === null ? said.join('') : 'stands';
  }

  it('speaks with a server whose certificate is by the authority of the configuration, and with no other', async () => {
    const { servers, ca, other } = await encrypted();
    expect(await tried({ servers, ca })).toBe('stands');
    expect(await tried({ servers, ca: other })).toMatch(/certificate/);
    expect(await tried({ servers })).toMatch(/certificate/);
  });

  it('asks for a certificate of the name or the address by which it knows the server', async () => {
    const { port, servers, ca } = await encrypted('localhost');
    expect(await tried({ servers, ca })).toMatch(/ALTNAME/);
    expect(await tried({ servers: [`tls://localhost:${port}`], ca })).toBe('stands');
  });

  it('says nothing to a server that does not offer it', async () => {
    const nats = await server('authorization { user: gate, password: right }');
    const servers = [nats.url.replace('nats:', 'tls:')];
    expect(await tried({ servers })).toMatch(/tls/i);
  });
});
