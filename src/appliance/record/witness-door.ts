/**
 * A witness of its own: a small HTTP door (C2SP tlog-witness) that signs the checkpoints of the logs it is given keys of.
 * Run it where those who hold the log cannot reach it: that is what makes its signature worth something.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type NoteVerifier, verifierKey } from '../../audit/signed-note.ts';
import { Witness } from '../../audit/witness.ts';
import { MAX_REQUEST_BYTES } from '../../audit/witness-protocol.ts';
import type { ListenAddress } from '../../config/listen-address.ts';
import { openSigningKeys } from '../../pki/signing-keys.ts';
import { makeDirectories } from '../../store/make-directory.ts';
import { lockState } from '../../store/state-lock.ts';
import { systemClock } from '../../telemetry/system-clock.ts';
import { opening, refusedBy, StartRefused } from '../start-refused.ts';

const { createServer } = process.getBuiltinModule('node:http');

export interface WitnessDoorOptions {
  /** Its keys and what it signed last; made 0700. */
  readonly dir: string;
  readonly name: string;
  readonly listen: ListenAddress;
  readonly logs: readonly NoteVerifier[];
}

export interface WitnessDoor {
  readonly address: string;
  /** C2SP verifier key of this witness. */
  readonly key: string;
  close(): Promise<void>;
}

/** Throws `StartRefused` or `StateInUse`. */
export async function openWitnessDoor({ dir, name, listen, logs }: WitnessDoorOptions): Promise<WitnessDoor> {
  const keyDir = join(dir, 'keys');
  makeDirectories(keyDir);
  const lock = lockState(dir);
  const { rawPublicKey, sign } = openSigningKeys(keyDir, ['witness']).current('witness');
  const key = { name, publicKey: rawPublicKey, sign };
  const witness = new Witness({ dir, key, logs, now: () => systemClock.now() });
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000, maxHeaderSize: 8192 });
  server.on('request', (request, response) => {
    answer(witness, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(`${error instanceof Error ? error.message : 'failed'}\n`);
    });
  });
  await opening('witness', () => listening(server, listen)).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    address: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    key: verifierKey(name, rawPublicKey, 'witness'),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          lock.release();
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

async function answer(witness: Witness, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://witness.invalid');
  if (pathname !== '/add-checkpoint') return end(response, 404, 'the one path here is `/add-checkpoint`\n');
  if (request.method !== 'POST') return end(response, 405, 'send a POST\n');
  const body = await bounded(request);
  if (body === null) return end(response, 413, 'the request is too long\n');
  const { status, type, body: said } = await witness.addCheckpoint(body);
  end(response, status, said, type);
}

function end(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

async function bounded(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_REQUEST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function listening(server: ReturnType<typeof createServer>, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** `locktender audit witness`: serves until the first SIGTERM or SIGINT; the value is the exit code. */
export async function serveWitness(
  options: WitnessDoorOptions,
  io: { stdout(text: string): void; stderr(text: string): void },
): Promise<number> {
  try {
    const door = await openWitnessDoor(options);
    io.stdout(`witness ${door.address}\nkey ${door.key}\nready\n`);
    await new Promise<void>((stop) => {
      process.once('SIGTERM', () => stop());
      process.once('SIGINT', () => stop());
    });
    await door.close();
    return 0;
  } catch (error) {
    const refused = refusedBy(error);
    if (!(refused instanceof StartRefused)) throw error;
    io.stderr(`${refused.message}\n`);
    return 2;
  }
}
