/** Requests with a body over HTTP/2, on both sides: what goes up stands on its lease, byte for byte, and on nothing else. */

import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FLAG, type Frame, frame, framesIn, indexed, literal, PREFACE, TYPE } from '../proxy/h2-frames.ts';
import { answer, type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;
/** The last stream that the origin was asked, and what it has had of its body. */
let last: { stream: ServerHttp2Stream; bytes: number } | null = null;
let serve: (stream: ServerHttp2Stream) => void = () => undefined;

const origin = createSecureServer({ SNICallback: (name, done) => done(null, lab.contextOf(name)) });
origin.on('stream', (stream) => {
  const seen = { stream, bytes: 0 };
  last = seen;
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Buffer) => {
    seen.bytes += chunk.length;
  });
  serve(stream);
});
const portOf = () => (origin.address() as AddressInfo).port;

beforeAll(async () => {
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  lab = await openLab({ 'isolates.hosts': '0' }, [portOf()]);
}, 60_000);
afterAll(async () => {
  await lab?.close();
  origin.close();
});
afterEach(async () => {
  await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 10_000 }).toBe(0);
});

/** A client by hand: it keeps to windows and to nothing else. */
class Client {
  readonly socket: TLSSocket;
  /** What it was told of its stream: kinds of frames, and codes of resets. */
  readonly told: string[] = [];
  #windows = [65_535, 65_535] as [number, number];
  #held = Buffer.alloc(0);

  static async open(port: number, pass = lab.passes.write): Promise<Client> {
    const { socket, refused } = await lab.tunnel('web.lab.test', { alpn: ['h2'], port, pass });
    if (socket === null) throw new Error(refused);
    await once(socket, 'secureConnect');
    return new Client(socket, port);
  }

  constructor(socket: TLSSocket, port: number) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#held = Buffer.concat([this.#held, chunk]);
      for (const one of framesIn(this.#held)) {
        this.#held = this.#held.subarray(9 + one.payload.length);
        this.#hear(one);
      }
    });
    const head = [indexed(3), indexed(7), indexed(4), literal(':authority', `web.lab.test:${port}`)];
    const block = Buffer.concat([...head, literal('content-type', 'text/plain')]);
    socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0), frame(TYPE.headers, FLAG.endHeaders, 1, block)]));
  }

  #hear({ type, flags, stream, payload }: Frame): void {
    if (type === TYPE.settings && flags === 0) this.socket.write(frame(TYPE.settings, FLAG.ack, 0));
    else if (type === TYPE.window) this.#windows[stream === 0 ? 0 : 1] += payload.readUInt32BE();
    else if (type === TYPE.headers) this.told.push('head');
    else if (type === TYPE.reset) this.told.push(`reset ${payload.readUInt32BE()}`);
    else if (type === TYPE.data && (flags & FLAG.endStream) !== 0) this.told.push('end');
  }

  /** Sends until it is told something, or so many bytes; how many went. */
  async upload(most = Number.POSITIVE_INFINITY): Promise<number> {
    let sent = 0;
    const piece = Buffer.alloc(10_000, 'word ');
    await expect
      .poll(
        () => {
          while (sent < most && Math.min(...this.#windows) >= piece.length) {
            this.socket.write(frame(TYPE.data, 0, 1, piece));
            this.#windows = this.#windows.map((left) => left - piece.length) as [number, number];
            sent += piece.length;
          }
          return sent >= most || this.told.includes('end');
        },
        { timeout: 20_000, interval: 2 },
      )
      .toBe(true);
    return sent;
  }

  write(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }
}

const END = frame(TYPE.data, FLAG.endStream, 1);
const RESET = frame(TYPE.reset, 0, 1, Buffer.of(0, 0, 0, 8));
const GOAWAY = frame(7, 0, 0, Buffer.alloc(8));

interface Closed {
  readonly cause: string;
  readonly reason: string | null;
  readonly status: number | null;
  readonly bytes_up: number;
}

/** The last exchange that was closed. */
async function closed(): Promise<Closed> {
  const { events } = (await lab.admin('/v1/audit?type=flow.closed&limit=3')) as { events: { event: Closed }[] };
  const found = events.map(({ event }) => event).find(({ cause, status }) => cause !== 'completed' || status !== null);
  if (found === undefined) throw new Error('nothing was closed');
  return found;
}

describe('an origin of HTTP/2 that answers before it has the request', () => {
  it('gets nothing more of it once the exchange is over, and the client is told to stop', async () => {
    serve = (stream) => {
      stream.once('data', () => {
        stream.respond({ ':status': 200 });
        stream.end('early');
      });
    };
    const client = await Client.open(portOf());
    await client.upload();
    await expect.poll(() => last?.stream.rstCode, { timeout: 10_000 }).toBe(8);
    const most = last?.bytes ?? Number.POSITIVE_INFINITY;
    await expect.poll(async () => (await closed()).bytes_up, { timeout: 10_000 }).toBeGreaterThanOrEqual(most);
    await expect.poll(() => client.told, { timeout: 10_000 }).toEqual(['head', 'end', 'reset 0']);
    client.socket.destroy();
  });

  it('and takes nothing of it gets nothing later either, though all of it is with its stream', async () => {
    serve = (stream) => {
      stream.respond({ ':status': 200 });
      stream.end('early');
    };
    const pass = await lab.issue('acme', 'lab-write');
    const ask = async (bytes: number) => {
      const client = await Client.open(portOf(), pass);
      await client.upload(bytes);
      client.write(END);
      await expect.poll(() => client.told, { timeout: 10_000 }).toContain('end');
      client.socket.destroy();
    };
    origin.updateSettings({ initialWindowSize: 0 });
    // From the second request on its session goes by that.
    await ask(0);
    origin.updateSettings({ initialWindowSize: 65_535 });
    await ask(50_000);
    await expect.poll(() => [last?.stream.rstCode, last?.bytes], { timeout: 5000 }).toEqual([8, 0]);
  });
});

describe('a client of HTTP/2', () => {
  it('that ends its request behind the answer, and leaves, leaves no flow behind', async () => {
    lab.script = (socket) => void socket.write(answer('early'));
    const client = await Client.open(lab.tlsPort);
    await client.upload();
    client.write(END, GOAWAY);
    client.socket.end();
  });

  it.each([
    ['a body that is held', 50_000],
    ['one that is on its way', 1_500_000],
  ])('that resets %s is told from a fault of ours, and the origin from an end', async (_, bytes) => {
    last = null;
    serve = () => undefined;
    const client = await Client.open(portOf());
    await client.upload(bytes);
    const isSent = bytes > 1_048_576;
    if (isSent) await expect.poll(() => last?.bytes ?? 0, { timeout: 10_000 }).toBeGreaterThan(0);
    client.write(RESET);
    if (isSent) await expect.poll(() => last?.stream.rstCode, { timeout: 10_000 }).toBe(8);
    await expect.poll(closed, { timeout: 10_000 }).toMatchObject({ cause: 'client_closed', reason: null });
    client.socket.destroy();
  });

  it('that is cut while its body is held is told so at once', async () => {
    const pass = await lab.issue('acme', 'lab-write');
    const client = await Client.open(portOf(), pass);
    await client.upload(50_000);
    const live = () => lab.appliance.core.leases.live().filter(({ flow }) => flow.kind === 'exchange').length;
    await expect.poll(live).toBe(1);
    await lab.admin(`/v1/tasks/${pass.split(':')[0]}/kill`, { why: 'test' });
    await expect.poll(live).toBe(0);
    client.socket.destroy();
  });
});

describe('a budget of bytes', () => {
  // Where an exchange was ended while undici handed its body over, nghttp2 made empty frames for ever, in one call: nothing of
  // this process went on, this test least of all.
  it.each([120_000, 1_500_000])(
    'holds back the piece of %i bytes that is beyond it, and the gate goes on',
    async (bytes) => {
      last = null;
      const client = await Client.open(portOf(), await lab.issue('acme', 'lab-up'));
      await client.upload(bytes);
      client.write(END);
      await expect.poll(() => client.told, { timeout: 10_000 }).toContain('end');
      expect(last).toSatisfy((seen: typeof last) => seen === null || seen.bytes === 0);
      await expect.poll(closed, { timeout: 10_000 }).toMatchObject({ cause: 'budget', reason: 'budget_bytes' });
      client.socket.destroy();
    },
  );
});
