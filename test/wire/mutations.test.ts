/**
 * What real clients send, with bytes changed: the readers of ClientHello, SOCKS5 and WebSocket never throw anything but
 * their own errors, never change their mind when more bytes come, and of a ClientHello that OpenSSL takes they read no
 * other name than OpenSSL does. The seed is fixed in the tests; `npm run test:fuzz` goes on for longer.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { connect, type SecureContext, TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseHost } from '../../src/core/host.ts';
import { openCertificateAuthority } from '../../src/pki/certificate-authority.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { CLIENT_HELLO_LIMIT, ClientHelloReader } from '../../src/wire/client-hello.ts';
import { readGreeting, readLogin, readSocksRequest } from '../../src/wire/socks5.ts';
import { encodeFrame, MessageReader, OPCODES, WebSocketFault } from '../../src/wire/websocket.ts';

const readClientHello = (bytes: Uint8Array) => new ClientHelloReader().read(bytes);

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 2000);
/** Each run of these starts a handshake. */
const HANDSHAKES = Math.min(RUNS, Number(process.env['FUZZ_HANDSHAKES'] ?? 250));

const dir = mkdtempSync(join(tmpdir(), 'mutations-'));
let context: SecureContext;
const hellos: Buffer[] = [];

beforeAll(async () => {
  const authority = openCertificateAuthority({ dir, name: 'ca', commonName: 'Fuzz CA', clock: systemClock });
  const host = parseHost('web.lab.test');
  if (!host.ok) throw new Error(host.error);
  context = authority.contextFor(host.value);
  for (const options of [
    { servername: 'web.lab.test' },
    { servername: 'web.lab.test', ALPNProtocols: ['h2', 'http/1.1'] },
    { servername: 'web.lab.test', maxVersion: 'TLSv1.2' as const },
    {},
  ])
    hellos.push(await firstFlight(options));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function firstFlight(options: object): Promise<Buffer> {
  const [ours, theirs] = duplexPair();
  const client = connect({ ...options, socket: theirs, rejectUnauthorized: false });
  client.on('error', () => undefined);
  const bytes = await new Promise<Buffer>((resolve) => ours.once('data', resolve));
  client.destroy();
  return bytes;
}

/** Changes to bytes: one replaced, some taken out, some put in, a length made to lie. */
const change = fc.record({
  at: fc.nat(4000),
  how: fc.constantFrom('replace', 'remove', 'insert', 'repeat', 'increment'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
});
type Change = { at: number; how: string; bytes: Uint8Array };

function changed(seed: Uint8Array, changes: readonly Change[]): Buffer {
  let out = Buffer.from(seed);
  for (const { at, how, bytes } of changes) {
    const i = out.length === 0 ? 0 : at % out.length;
    const rest = out.subarray(i);
    if (how === 'increment') out[i] = ((out[i] ?? 0) + (bytes[0] ?? 1)) & 255;
    else if (how === 'replace') out = Buffer.concat([out.subarray(0, i), bytes, rest.subarray(bytes.length)]);
    else if (how === 'remove') out = Buffer.concat([out.subarray(0, i), rest.subarray(bytes.length)]);
    else if (how === 'repeat') out = Buffer.concat([out, rest]);
    else out = Buffer.concat([out.subarray(0, i), bytes, rest]);
  }
  return out.subarray(0, 3 * CLIENT_HELLO_LIMIT);
}

/** A reader that has spoken says the same of whatever begins like it; which fault of several it names is its own. */
function steadfast<T extends { ok: boolean }>(bytes: Uint8Array, read: (bytes: Uint8Array) => T | null): void {
  let said: T | null = null;
  for (let end = 0; end <= bytes.length; end += 1 + Math.floor(bytes.length / 40)) {
    const now = read(bytes.subarray(0, end));
    if (said?.ok) expect(now).toEqual(said);
    else if (said !== null) expect(now?.ok).toBe(false);
    said ??= now;
  }
}

describe('a ClientHello with bytes changed', () => {
  const mutated = fc.tuple(fc.nat(3), fc.array(change, { maxLength: 6 }));

  it('is read the same however much of what follows has come', () => {
    fc.assert(
      fc.property(mutated, ([which, changes]) => {
        const bytes = changed(hellos[which] ?? Buffer.alloc(0), changes);
        // What follows the hello in the same bytes is judged with it; only refusals may come later than a result.
        let first: string | null | undefined;
        for (const end of [Math.floor(bytes.length / 2), bytes.length]) {
          const read = readClientHello(bytes.subarray(0, end));
          if (read?.ok) first ??= read.value.sni;
          if (read?.ok && first !== undefined) expect(read.value.sni).toBe(first);
        }
      }),
      { seed: 3, numRuns: RUNS },
    );
  });

  it('T-01 names nobody else to us than to OpenSSL', async () => {
    await fc.assert(
      fc.asyncProperty(mutated, async ([which, changes]) => {
        const bytes = changed(hellos[which] ?? Buffer.alloc(0), changes);
        const ours = readClientHello(bytes);
        if (!ours?.ok) return;
        const theirs = await openSslName(bytes);
        // Null: OpenSSL refused it, or was not given a name.
        if (theirs !== null) expect(ours.value.sni).toBe(theirs);
      }),
      { seed: 1, numRuns: HANDSHAKES },
    );
  });
});

/** The name for which OpenSSL asks for a certificate; null when it never gets so far. */
async function openSslName(bytes: Buffer): Promise<string | null> {
  const [ours, theirs] = duplexPair() as [Duplex, Duplex];
  let name: string | null = null;
  const server = new TLSSocket(theirs as never, {
    isServer: true,
    secureContext: context,
    SNICallback: (servername, done) => {
      name = servername;
      done(null, context);
    },
  });
  server.on('error', () => undefined);
  ours.on('error', () => undefined);
  const answered = new Promise<void>((resolve) => {
    ours.once('data', () => resolve());
    server.once('close', resolve);
    // A hello that is not whole is answered by nothing.
    setTimeout(resolve, 30);
  });
  ours.write(bytes);
  await answered;
  server.destroy();
  ours.destroy();
  return name;
}

describe('SOCKS5 with bytes changed', () => {
  const name = Buffer.from('web.lab.test');
  const seeds = [
    { read: readGreeting, bytes: Buffer.of(5, 2, 0, 2) },
    { read: readLogin, bytes: Buffer.of(1, 2, 116, 49, 3, 97, 98, 99) },
    { read: readSocksRequest, bytes: Buffer.of(5, 1, 0, 3, name.length, ...name, 1, 187) },
    { read: readSocksRequest, bytes: Buffer.of(5, 1, 0, 1, 127, 0, 0, 1, 1, 187) },
    { read: readSocksRequest, bytes: Buffer.of(5, 1, 0, 4, ...Buffer.alloc(15), 1, 1, 187) },
  ];

  it('is read the same however much of what follows has come, and takes no more than it has', () => {
    fc.assert(
      fc.property(fc.nat(seeds.length - 1), fc.array(change, { maxLength: 4 }), (which, changes) => {
        const seed = seeds[which] as {
          read: (bytes: Uint8Array) => { ok: boolean; value?: { length: number } } | null;
          bytes: Buffer;
        };
        const bytes = changed(seed.bytes, changes);
        steadfast(bytes, seed.read);
        const read = seed.read(bytes);
        if (read?.ok) expect(read.value?.length ?? 0).toBeLessThanOrEqual(bytes.length);
      }),
      { seed: 5, numRuns: RUNS },
    );
  });
});

describe('WebSocket frames with bytes changed', () => {
  const mask = Buffer.of(1, 2, 3, 4);
  const seed = Buffer.concat([
    encodeFrame({ opcode: OPCODES.text, payload: Buffer.from('hello') }, mask),
    encodeFrame({ opcode: OPCODES.binary, payload: Buffer.alloc(300, 7) }, mask),
    encodeFrame({ opcode: OPCODES.ping, payload: Buffer.from('p') }, mask),
    encodeFrame({ opcode: OPCODES.close, payload: Buffer.of(3, 232) }, mask),
  ]);

  it('are the same messages however they are cut, or the same fault', () => {
    const limits = { bytes: 4096, fragments: 16 };
    const outcome = (bytes: Buffer, cut: number): string => {
      const reader = new MessageReader(true, limits);
      const out: string[] = [];
      try {
        for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)])
          for (const { opcode, payload } of reader.push(piece))
            out.push(`${opcode}:${Buffer.from(payload).toString('hex')}`);
      } catch (error) {
        if (!(error instanceof WebSocketFault)) throw error;
        return `fault ${error.code}`;
      }
      return out.join(' ');
    };
    fc.assert(
      fc.property(fc.array(change, { maxLength: 5 }), fc.nat(400), (changes, cut) => {
        const bytes = changed(seed, changes);
        const whole = outcome(bytes, 0);
        const parts = outcome(bytes, Math.min(cut, bytes.length));
        expect(parts).toBe(whole);
      }),
      { seed: 28, numRuns: RUNS },
    );
  });
});
