/** How TLS ended, in each way in which its last bytes can come; a relay between both sides is who cuts it off. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer, type SecureVersion, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endedShort, mayEndAnyhow, mustEndWhole, TLS_CUT_SHORT, watchEnd } from './tls-end.ts';

const dir = mkdtempSync(join(tmpdir(), 'locktender-tls-end-'));
const [keyFile, certFile] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
beforeAll(() => {
  const made = ['-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-subj', '/CN=o.test'];
  execFileSync('openssl', ['req', ...made, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** How the origin's answer comes to its end: by itself, or by the relay, with its last bytes or behind them. */
type End =
  | 'close_notify with the last bytes'
  | 'close_notify behind them'
  | 'a cut with the last bytes'
  | 'a cut behind';

interface Way {
  readonly version: SecureVersion;
  readonly end: End;
  readonly size: number;
  /** TLS to a parent proxy stands between. */
  readonly within?: boolean;
}

/** What the client of a whole way holds once TLS has ended: the socket and how much it has read. */
async function reach(way: Way, begin: (tls: TLSSocket) => void = () => undefined) {
  const { version, end, size } = way;
  const servers: Server[] = [];
  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const secrets = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  const origin = createTlsServer({ ...secrets, maxVersion: version }, (socket) => {
    socket.on('error', ignore).once('data', () => {
      if (end === 'close_notify with the last bytes') socket.end(Buffer.alloc(size));
      else socket.write(Buffer.alloc(size), () => end === 'close_notify behind them' && void socket.end());
    });
  });
  const originPort = await listen(origin);
  let cut = (): void => undefined;
  const relay = (client: Socket): void => {
    const server = connect(originPort, '127.0.0.1');
    let isAsked = false;
    let passed = 0;
    cut = () => void client.end();
    client.on('data', (bytes) => server.write(bytes)).on('error', ignore);
    server.on('error', ignore).on('end', () => client.end());
    server.on('data', (bytes) => {
      passed += isAsked ? bytes.length : 0;
      if (end === 'a cut with the last bytes' && passed > size) client.end(bytes);
      else client.write(bytes);
    });
    asked = () => {
      isAsked = true;
    };
  };
  let asked = (): void => undefined;
  const between = way.within ? createTlsServer(secrets, relay) : createServer(relay);
  const port = await listen(between);
  let below: Socket = connect(port, '127.0.0.1');
  await once(below, 'connect');
  if (way.within) {
    below = connectTls({ socket: below, rejectUnauthorized: false });
    await once(below, 'secureConnect');
  }
  const tls = connectTls({ socket: below, rejectUnauthorized: false });
  watchEnd(tls, below);
  begin(tls);
  await once(tls, 'secureConnect');
  let read = 0;
  let failure: NodeJS.ErrnoException | null = null;
  tls.on('data', (bytes: Buffer) => {
    read += bytes.length;
    // Slower than the origin, so that reading is stopped now and then.
    tls.pause();
    setImmediate(() => tls.resume());
    if (end === 'a cut behind' && read === size) cut();
  });
  tls.on('error', (error) => {
    failure = error;
  });
  asked();
  tls.write('?');
  await new Promise((resolve) => tls.once('end', resolve).once('close', resolve));
  tls.destroy();
  for (const server of servers) server.close();
  return { tls, read, code: (failure as NodeJS.ErrnoException | null)?.code ?? null };
}

function ignore(): void {
  // The close that follows says enough.
}

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const SIZES = [100, 400_000];
const ways = (...ends: readonly End[]): Way[] =>
  VERSIONS.flatMap((version) => SIZES.flatMap((size) => ends.map((end) => ({ version, size, end }))));
const within = (...ends: readonly End[]): Way[] =>
  ends.map((end) => ({ version: 'TLSv1.3', size: 100, end, within: true }));

const WHOLE = ['close_notify with the last bytes', 'close_notify behind them'] as const;
const CUT = ['a cut with the last bytes', 'a cut behind'] as const;

describe('TLS that ends by', () => {
  it.each([...ways(...WHOLE), ...within(...WHOLE)])('T-33 $end of $size bytes is whole: $version', async (way) => {
    const { tls, read } = await reach(way);
    expect([endedShort(tls), read]).toEqual([false, way.size]);
  });

  it.each([...ways(...CUT), ...within(...CUT)])('T-33 $end of $size bytes is not: $version', async (way) => {
    const { tls, read } = await reach(way);
    expect([endedShort(tls), read]).toEqual([true, way.size]);
  });

  it('T-33 a cut is an error where nobody asks, unless it carries messages by now', async () => {
    const way: Way = { version: 'TLSv1.3', size: 100, end: 'a cut behind' };
    expect((await reach(way, mustEndWhole)).code).toBe(TLS_CUT_SHORT);
    const messages = (tls: TLSSocket): void => {
      mustEndWhole(tls);
      mayEndAnyhow(tls);
    };
    expect((await reach(way, messages)).code).toBe(null);
    expect((await reach({ ...way, end: 'close_notify behind them' }, mustEndWhole)).code).toBe(null);
  });
});
