/**
 * gRPC through the gate, with the client that Node programs use: both sides wait for each other's messages, so that none
 * may be held for the next. The origin asks for `te: trailers` as gRPC's own C core does.
 */

import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_SECRET } from '../../src/appliance/tour/demo-origins.ts';
import { readProtobuf } from '../../src/guard/framed/protobuf.ts';
import { field, grpcMessage } from '../dlp/binary-formats.ts';
import { type Lab, openLab } from './lab.ts';

let lab: Lab;
let client: grpc.Client;
/** What the origin does with a call; it has been answered with a head. */
let serve: (stream: ServerHttp2Stream) => void;
/** What became of the calls at the origin. */
const ends: number[] = [];

const origin = createSecureServer({ SNICallback: (name, done) => done(null, lab.contextOf(name)) });
origin.on('stream', (stream, { te }) => {
  stream.on('error', () => undefined).on('close', () => ends.push(stream.rstCode));
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  if (te !== 'trailers') {
    stream.respond({ ...head, 'grpc-status': '13', 'grpc-message': 'Missing :te header' }, { endStream: true });
    return;
  }
  stream.respond(head, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-served-by': 'lab' }));
  serve(stream);
});

const echo = (stream: ServerHttp2Stream) => {
  stream.on('data', (chunk: Buffer) => stream.write(chunk)).on('end', () => stream.end());
};

beforeAll(async () => {
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const { port } = origin.address() as AddressInfo;
  lab = await openLab({}, [port]);
  process.env['grpc_proxy'] = `http://${lab.passes.write}@${lab.appliance.proxyAddress}`;
  client = new grpc.Client(`web.lab.test:${port}`, grpc.credentials.createSsl(Buffer.from(lab.ca)));
}, 60_000);
afterAll(async () => {
  delete process.env['grpc_proxy'];
  client?.close();
  await lab?.close();
  origin.close();
});

const same = (bytes: Buffer) => bytes;
const call = (options: grpc.CallOptions = {}) => {
  const made = client.makeBidiStreamRequest('/lab.Lab/Talk', same, same, new grpc.Metadata(), options);
  const heard: string[] = [];
  made.on('data', (message: Buffer) => heard.push(message.toString())).on('error', () => undefined);
  const status = new Promise<grpc.StatusObject>((resolve) => made.on('status', resolve));
  return { heard, status, end: () => made.end(), say: (text: string) => void made.write(Buffer.from(text)) };
};

describe('gRPC', () => {
  it('talks both ways, each message as soon as it is said, and ends with its trailers', async () => {
    serve = echo;
    const { say, heard, end, status } = call();
    for (const word of ['one', 'two', 'x'.repeat(20_000)]) {
      say(word);
      await expect.poll(() => heard.at(-1), { timeout: 20_000 }).toBe(word);
    }
    end();
    const { code, metadata } = await status;
    expect([code, metadata.get('x-served-by')]).toEqual([0, ['lab']]);
  });

  it('ends at its deadline, at the origin too', async () => {
    serve = (stream) => void stream.resume();
    const before = ends.length;
    const { say, status } = call({ deadline: Date.now() + 300 });
    say('and then nothing');
    expect((await status).code).toBe(grpc.status.DEADLINE_EXCEEDED);
    await expect.poll(() => ends.length).toBe(before + 1);
    const live = () => lab.appliance.core.leases.live().filter(({ flow }) => flow.kind === 'exchange').length;
    await expect.poll(live).toBe(0);
  });

  it('T-36 has a secret of an answer replaced, in one message and over two, with lengths that fit', async () => {
    const inTwo = [DEMO_SECRET.slice(0, 15), DEMO_SECRET.slice(15)];
    const answers = [`so ${DEMO_SECRET} it is`, ...inTwo].map((text) => field(2, field(1, text)));
    serve = (stream) => stream.end(Buffer.concat(answers.map((answer) => grpcMessage(answer))));
    const { heard, status, end } = call();
    end();
    expect((await status).code).toBe(0);
    expect(heard).toHaveLength(3);
    for (const part of [DEMO_SECRET, ...inTwo]) expect(heard.join('\n')).not.toContain(part);
    const texts = heard.map((message) => readProtobuf(Buffer.from(message))?.leaves.find(({ name }) => name === '2.1'));
    expect(texts[0]?.bytes.toString()).toMatch(/^so \[[A-Z]+:\S+\] it is$/);
    expect(texts[1]?.bytes.toString()).toMatch(/^\[[A-Z]+:\S+\]$/);
    expect(heard[2]).toBe(field(2, field(1, '')).toString());
  });

  it('T-35 a message with a secret does not leave, though those before it did', async () => {
    const heardThere: Buffer[] = [];
    serve = (stream) => {
      stream.on('data', (chunk: Buffer) => heardThere.push(chunk));
      echo(stream);
    };
    const { say, heard, status } = call();
    say('clean');
    await expect.poll(() => heard).toEqual(['clean']);
    say(`my key is ${DEMO_SECRET}`);
    expect((await status).code).not.toBe(0);
    expect(Buffer.concat(heardThere).toString('latin1')).toBe('\0\0\0\0\x05clean');
  });
});
