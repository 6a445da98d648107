/** Answers to clients of HTTP/2: from origins of HTTP/1.1 that say what HTTP/2 cannot, and from hostile ones of HTTP/2, frame by frame. */

import { once } from 'node:events';
import { connect as connectH2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_SECRET } from '../../src/appliance/tour/demo-origins.ts';
import { FLAG, frame, framesIn, indexed, literal, PREFACE, TYPE } from '../proxy/h2-frames.ts';
import { type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;
/** What the origin of HTTP/2 does with a request. */
let serve: (origin: Hand, stream: number) => void;

type Hand = ReturnType<typeof handOf>;
type Field = readonly [name: string, value: string];

/** Frames to one client, whatever rules there are. */
function handOf(socket: TLSSocket) {
  const write = (type: number, flags: number, stream: number, payload: Buffer) =>
    void socket.write(frame(type, flags, stream, payload));
  const block = (fields: readonly Field[]) => Buffer.concat(fields.map(([name, value]) => literal(name, value)));
  return {
    write,
    head: (stream: number, fields: readonly Field[], flags: number = FLAG.endHeaders) =>
      write(TYPE.headers, flags, stream, block(fields)),
    more: (stream: number, fields: readonly Field[], flags: number) =>
      write(TYPE.continuation, flags, stream, block(fields)),
    data: (stream: number, text: string, flags: number = FLAG.endStream) =>
      write(TYPE.data, flags, stream, Buffer.from(text)),
    reset: (stream: number, code: number) => write(TYPE.reset, 0, stream, Buffer.of(0, 0, 0, code)),
    end: () => void socket.end(),
  };
}

const origin = createServer(
  { ALPNProtocols: ['h2'], SNICallback: (name, done) => done(null, lab.contextOf(name)) },
  (socket) => {
    socket.on('error', () => undefined);
    socket.write(frame(TYPE.settings, 0, 0));
    const hand = handOf(socket);
    let held = Buffer.alloc(0);
    let isOpen = false;
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      if (!isOpen && held.length < PREFACE.length) return;
      if (!isOpen) held = held.subarray(PREFACE.length);
      isOpen = true;
      for (const { type, flags, stream, payload } of framesIn(held)) {
        held = held.subarray(9 + payload.length);
        if (type === TYPE.settings && flags === 0) socket.write(frame(TYPE.settings, FLAG.ack, 0));
        if (type === TYPE.headers) serve(hand, stream);
      }
    });
  },
);
const portOf = () => (origin.address() as AddressInfo).port;

beforeAll(async () => {
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  lab = await openLab({ 'isolates.hosts': '0' }, [portOf()]);
}, 240_000);
afterAll(async () => {
  await lab?.close();
  origin.close();
});
afterEach(async () => {
  const live = () => lab.appliance.core.leases.live().map(({ flow }) => flow.kind);
  await expect.poll(live, { timeout: 10_000 }).toEqual([]);
});

interface Answer {
  readonly status: number;
  readonly head: Record<string, unknown>;
  readonly text: string;
  readonly trailers: Record<string, unknown> | null;
  /** The stream ended as a whole one does. */
  readonly isWhole: boolean;
}

async function asked(port: number, { method = 'GET', path = '/' } = {}): Promise<Answer> {
  const { socket, refused } = await lab.tunnel('web.lab.test', { alpn: ['h2'], port });
  if (socket === null) throw new Error(refused);
  const session = connectH2(`https://web.lab.test:${port}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  const stream = session.request({ ':path': path, ':method': method, te: 'trailers' }, { endStream: true });
  const answer = { status: 0, head: {}, text: '', trailers: null, isWhole: false } as {
    -readonly [K in keyof Answer]: Answer[K];
  };
  stream.on('response', ({ ':status': status = 0, ...head }) => Object.assign(answer, { status, head }));
  stream.on('data', (chunk: Buffer) => {
    answer.text += chunk.toString();
  });
  stream.on('trailers', (trailers) => {
    answer.trailers = { ...trailers };
  });
  stream.on('error', () => undefined);
  await new Promise((resolve) => stream.once('close', resolve));
  answer.isWhole = stream.rstCode === 0 && stream.readableEnded;
  session.destroy();
  return answer;
}

/** Said piece by piece, each a while after the one before, so that the guard lets each go on. */
function says(...pieces: readonly string[]): void {
  lab.script = (socket) => {
    for (const [i, piece] of pieces.entries())
      setTimeout(() => {
        socket.write(piece, 'latin1');
        if (i === pieces.length - 1) socket.end();
      }, i * 150);
  };
}

const OK = 'HTTP/1.1 200 OK\r\n';
const SIZED = 'Content-Length: 2\r\n\r\nok';
const EVENTS = 'Content-Type: text/event-stream\r\n\r\ndata: one\n\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n';
const NOSNIFF = 'X-Content-Type-Options: nosniff\r\n';

// An origin that had its way here ended the process, and with it every flow of every tenant.
describe('T-45 an origin of HTTP/1.1 that says what HTTP/2 has no way to say', () => {
  it.each<[string, string[], Partial<Answer>]>([
    ['a status that is none', [`HTTP/1.1 999 Denied\r\n${SIZED}`], { status: 502 }],
    ['a status that is none, and goes on', [`HTTP/1.1 999 Denied\r\n${EVENTS}`, 'data: two\n\n'], { status: 502 }],
    [
      'a field twice that stands once',
      [`${OK}${NOSNIFF}${NOSNIFF}${SIZED}`],
      { status: 200, text: 'ok', isWhole: true },
    ],
    [
      'a field twice that stands once, and goes on',
      [`${OK}${NOSNIFF}${NOSNIFF}${EVENTS}`, 'data: two\n\n'],
      { status: 200, text: 'data: one\n\ndata: two\n\n', isWhole: true },
    ],
    [
      'two places',
      ['HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n'],
      { status: 302, isWhole: true },
    ],
    [
      'a trailer twice that stands once',
      [`${OK}${CHUNKED}ETag: "1"\r\nETag: "2"\r\n\r\n`],
      { status: 200, text: 'ok' },
    ],
    [
      'trailers of the connection',
      [`${OK}${CHUNKED}Upgrade: x\r\nHTTP2-Settings: x\r\nTE: x\r\n\r\n`],
      { status: 200, text: 'ok', isWhole: true },
    ],
    [
      'fields of the connection',
      [`${OK}Upgrade: h2,h2c\r\nHTTP2-Settings: x\r\nTE: x\r\nKeep-Alive: x\r\n${SIZED}`],
      { status: 200, text: 'ok', isWhole: true },
    ],
    [
      'odd signs in a name',
      [`${OK}!#$%&'*+-.^_\`|~: 1\r\nX-A: caf\xe9\r\n${SIZED}`],
      { status: 200, text: 'ok', isWhole: true },
    ],
  ])('%s', async (_, pieces, expected) => {
    for (const method of ['GET', 'HEAD']) {
      says(...pieces);
      expect(await asked(lab.tlsPort, { method })).toMatchObject(
        method === 'GET' ? expected : { status: expected.status },
      );
    }
    says(`${OK}Connection: close\r\n${SIZED}`);
    expect(await asked(lab.tlsPort)).toMatchObject({ status: 200, text: 'ok' });
  });

  it('names that objects have by themselves are names like others', async () => {
    says(`${OK}constructor: 2\r\n__proto__: 1\r\nvalueOf: 3\r\n${SIZED}`);
    const { head } = await asked(lab.tlsPort);
    expect(Object.entries(head)).toEqual(
      expect.arrayContaining([
        ['constructor', '2'],
        ['__proto__', '1'],
        ['valueof', '3'],
      ]),
    );
  });
});

// After one such, nothing else of the task reached that origin, and the gate itself did not stop.
describe('T-45 a question about a server as a whole', () => {
  const whole = { method: 'OPTIONS', path: '*' };

  it('is put to an origin of HTTP/1.1', async () => {
    const before = lab.heads.length;
    says(`${OK}Allow: GET\r\nContent-Length: 0\r\n\r\n`);
    expect(await asked(lab.tlsPort, whole)).toMatchObject({ status: 200, head: { allow: 'GET' }, isWhole: true });
    expect(lab.heads.slice(before)).toEqual([expect.stringMatching(/^OPTIONS \* HTTP\/1\.1\r\n/)]);
  });

  it('is none that an origin of HTTP/2 alone is asked, and what comes next is answered', async () => {
    serve = answered();
    for (let i = 0; i < 3; i += 1) {
      expect((await asked(portOf(), whole)).status).toBe(502);
      expect(await asked(portOf())).toMatchObject({ status: 200, text: 'ok' });
    }
  });
});

const status = (code: string): Field => [':status', code];
const LENGTH_2: Field = ['content-length', '2'];
/** A head of these fields, and a body. */
const headed =
  (...fields: Field[]): typeof serve =>
  (hand, stream) => {
    hand.head(stream, fields);
    hand.data(stream, 'ok');
  };
const answered = (...fields: Field[]) => headed(status('200'), ...fields);

describe('T-33 an origin of HTTP/2', () => {
  it.each<[string, typeof serve]>([
    ['sends fields of the connection', answered(['connection', 'x-a'], ['transfer-encoding', 'chunked'])],
    ['sends a name in upper case', answered(['X-A', '1'])],
    ['sends a second length', answered(LENGTH_2, LENGTH_2)],
    ['sends more than its length', answered(['content-length', '1'])],
    ['sends less than its length', answered(['content-length', '5'])],
    ['sends no status', headed(['x-a', '1'])],
    ['sends two', answered(status('403'))],
    ['sends words for one', headed(status('200 OK'))],
    ['sends a status beyond all', headed(status('600'))],
    ['sends its status last', headed(['x-a', '1'], status('200'))],
    ['sends a pseudo field of requests', answered([':path', '/'])],
    [
      'switches protocols',
      (hand, stream) => {
        hand.head(stream, [status('101')]);
        answered()(hand, stream);
      },
    ],
    [
      'sends data before its head',
      (hand, stream) => {
        hand.data(stream, 'ok', 0);
        answered()(hand, stream);
      },
    ],
    [
      'sends early hints for ever (T-29)',
      (hand, stream) => {
        for (let i = 0; i < 200; i += 1) hand.head(stream, [status('103')]);
        answered()(hand, stream);
      },
    ],
    [
      'pushes',
      (hand, stream) => {
        const promised = Buffer.concat([Buffer.of(0, 0, 0, 2), indexed(2), indexed(7), indexed(4)]);
        hand.write(5, FLAG.endHeaders, stream, promised);
        answered()(hand, stream);
      },
    ],
    [
      'sends a head without an end',
      (hand, stream) => {
        hand.head(stream, [status('200')], 0);
        for (let i = 0; i < 3_000; i += 1) hand.more(stream, [['x-a', 'y'.repeat(200)]], 0);
      },
    ],
    [
      'opens its window too far',
      (hand, stream) => {
        for (let i = 0; i < 2; i += 1) hand.write(TYPE.window, 0, stream, Buffer.of(0x7f, 255, 255, 255));
        answered()(hand, stream);
      },
    ],
    [
      'floods with settings',
      (hand, stream) => {
        for (let i = 0; i < 20_000; i += 1) hand.write(TYPE.settings, 0, 0, Buffer.alloc(0));
        answered()(hand, stream);
      },
    ],
    [
      'floods with empty data',
      (hand, stream) => {
        hand.head(stream, [status('200')]);
        for (let i = 0; i < 20_000; i += 1) hand.data(stream, '', 0);
        hand.data(stream, 'ok');
      },
    ],
    ['refuses the stream', (hand, stream) => hand.reset(stream, 7)],
    [
      'goes away',
      (hand) => {
        hand.write(7, 0, 0, Buffer.alloc(8));
        hand.end();
      },
    ],
  ])('that %s is a bad gateway', async (_, script) => {
    serve = script;
    const { status: code, text } = await asked(portOf());
    expect(code).toBe(502);
    expect(text).toMatch(/"code":"upstream_(?:protocol|reset)"/);
  });

  it.each<[string, Field]>([
    ['a line end in a value', ['x-a', 'b\r\nset-cookie: planted=1']],
    ['a bare line feed in a value', ['x-a', 'b\nset-cookie: planted=1']],
    ['NUL in a value', ['x-a', 'planted\0']],
    ['a line end in a name', ['x-a: b\r\nset-cookie', 'planted=1']],
    ['a blank in a name', ['x a', 'planted']],
  ])('that sends %s has no such field', async (_, field) => {
    serve = answered(field);
    const { status: code, head } = await asked(portOf());
    expect(code).toBe(200);
    expect(JSON.stringify(head)).not.toContain('planted');
  });

  it('has its fields guarded, and its frames of other kinds left out', async () => {
    serve = (hand, stream) => {
      hand.write(0xa, 0, stream, Buffer.concat([Buffer.of(0, 0), Buffer.from('h3=":443"')]));
      hand.write(0xc, 0, 0, Buffer.concat([Buffer.of(0, 20), Buffer.from('https://evil.example')]));
      answered(['x-debug', DEMO_SECRET], ['alt-svc', 'h3=":443"'])(hand, stream);
    };
    const { head, text } = await asked(portOf());
    expect(text).toBe('ok');
    expect(head).toMatchObject({ 'x-debug': '[REDACTED:GITHUB_TOKEN]' });
    expect(head).not.toHaveProperty('alt-svc');
  });
});

describe('a stream that an origin breaks off before its end', () => {
  const [NO_ERROR, INTERNAL, CANCEL] = [0, 2, 8];

  it.each([
    ['without an error', NO_ERROR],
    ['for one of its own', INTERNAL],
    ['as cancelled', CANCEL],
  ])('%s is not whole: neither at once, nor once some of it is out', async (_, code) => {
    serve = (hand, stream) => {
      hand.head(stream, [status('200')]);
      hand.data(stream, 'half', 0);
      hand.reset(stream, code);
    };
    expect((await asked(portOf())).status).toBe(502);
    serve = (hand, stream) => {
      hand.head(stream, [status('200'), ['content-type', 'text/event-stream']]);
      hand.data(stream, 'data: one\n\n', 0);
      setTimeout(() => hand.reset(stream, code), 300);
    };
    expect(await asked(portOf())).toMatchObject({ status: 200, text: 'data: one\n\n', isWhole: false });
  });

  it('is whole where its end was said before', async () => {
    serve = (hand, stream) => {
      answered(LENGTH_2)(hand, stream);
      hand.reset(stream, NO_ERROR);
    };
    expect(await asked(portOf())).toMatchObject({ status: 200, text: 'ok', isWhole: true });
  });
});
