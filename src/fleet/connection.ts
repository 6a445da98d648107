/**
 * The connection to NATS: opened in the background, never given up, told of each time that it stands anew. What is sent is
 * signed by whoever sends it, so that nothing here decides whom to believe.
 */

import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { JetStreamClient } from '@nats-io/jetstream';
import type { Kvm } from '@nats-io/kv';
import type { Objm } from '@nats-io/obj';
import type { Authenticator, NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../core/ports.ts';

/** How NATS is reached. Files are read at each connection, so that what was renewed is seen. */
export interface ConnectionOptions {
  /** `nats://…` or `tls://…`, all of one kind. */
  readonly servers: readonly string[];
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly credsFile?: string | undefined;
  /** Of this client, as NATS shows it. */
  readonly name: string;
  readonly log: Log;
}

/** What stands on one connection. */
export interface Connected {
  readonly nats: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly buckets: Kvm;
  readonly objects: Objm;
}

export interface FleetConnection {
  /** Null while there is none. */
  current(): Connected | null;
  /**
   * Called now where it stands, and each time that it stands again: with the same object where its subscriptions live on, with
   * another where they must be made anew. Must not throw. Returns how to stop.
   */
  onConnected(act: (connected: Connected) => void): () => void;
  /** Called each time that it is lost. Returns how to stop. */
  onLost(act: () => void): () => void;
  close(): Promise<void>;
}

/** A server that is silent for three of these is taken for gone. */
const PING_MS = 2000;
const AGAIN_MS = 250;

/** Returns at once. Throws when a file with a secret can be read by others, or not at all. */
export function openConnection(options: ConnectionOptions): FleetConnection {
  for (const file of [options.passwordFile, options.tokenFile, options.credsFile]) if (file) secretOf(file);
  for (const file of [options.ca, options.cert, options.key]) if (file) readFileSync(file);
  return new Connection(options);
}

class Connection implements FleetConnection {
  readonly #log: Log;
  readonly #listeners = new Set<(connected: Connected) => void>();
  readonly #lost = new Set<() => void>();
  readonly #opened: Promise<void>;
  #connected: Connected | null = null;
  #up = false;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#log = options.log;
    this.#opened = this.#open(options).catch((error: unknown) => {
      if (!this.#closed) this.#log.error({ error }, 'the connection to NATS cannot be opened');
    });
  }

  current(): Connected | null {
    return this.#up ? this.#connected : null;
  }

  onConnected(act: (connected: Connected) => void): () => void {
    this.#listeners.add(act);
    const now = this.current();
    if (now) act(now);
    return () => this.#listeners.delete(act);
  }

  onLost(act: () => void): () => void {
    this.#lost.add(act);
    return () => this.#lost.delete(act);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    this.#lost.clear();
    // While no server was ever reached, the library waits for one: that wait is left behind.
    if (this.#connected === null) return;
    await this.#opened;
    await this.#connected.nats.close();
  }

  async #open(options: ConnectionOptions): Promise<void> {
    // Loaded here, so that whoever has no fleet loads nothing of it.
    const [transport, { jetstream }, { Kvm }, { Objm }] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@nats-io/jetstream'),
      import('@nats-io/kv'),
      import('@nats-io/obj'),
    ]);
    for (let waited = AGAIN_MS; !this.#closed; waited = Math.min(waited * 2, 2000)) {
      try {
        const nats = await transport.connect({ ...settingsOf(options), ...signIn(options, transport) });
        if (this.#closed) return await nats.close();
        this.#connected = { nats, jetstream: jetstream(nats), buckets: new Kvm(nats), objects: new Objm(nats) };
        void this.#watch(nats, options);
        return this.#stands();
      } catch (error) {
        this.#log.warn({ error, servers: options.servers }, 'NATS cannot be reached; it is tried again');
        await new Promise<void>((resolve) => setTimeout(resolve, waited).unref());
      }
    }
  }

  #stands(): void {
    this.#up = true;
    const connected = this.#connected;
    if (connected) for (const act of this.#listeners) act(connected);
  }

  #fell(): void {
    if (!this.#up) return;
    this.#up = false;
    for (const act of this.#lost) act();
  }

  /** Also where the library ended the connection for good: then it is opened anew. */
  async #watch(nats: NatsConnection, options: ConnectionOptions): Promise<void> {
    for await (const status of nats.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection') {
        this.#log.warn({ servers: options.servers }, 'the connection to NATS was lost; it is tried again');
        this.#fell();
      } else if (status.type === 'reconnect') {
        this.#log.info({ server: status.server }, 'the connection to NATS stands again');
        this.#stands();
      } else if (status.type === 'error') this.#log.warn({ error: status.error }, 'NATS refused something');
    }
    this.#fell();
    if (!this.#closed) await this.#open(options);
  }
}

function settingsOf({ servers, name, ca, cert, key }: ConnectionOptions) {
  const encrypted = servers.some((server) => server.startsWith('tls:'));
  const files = { ...(ca && { caFile: ca }), ...(cert && { certFile: cert }), ...(key && { keyFile: key }) };
  return {
    servers: servers.map((server) => server.replace(/^[a-z]+:\/\//, '').replace(/\/$/, '')),
    name,
    // With `tls` the library refuses a server that does not offer it; without, it takes what the server offers.
    ...(encrypted && { tls: { ...files, checkServerIdentity: identityOf(servers) } }),
    timeout: 5000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: AGAIN_MS,
    ignoreAuthErrorAbort: true,
    pingInterval: PING_MS,
    maxPingOut: 3,
  };
}

/**
 * The library names no server to TLS that is configured by address, so that Node would ask for a certificate of `localhost`: then
 * it has to be for one of the addresses.
 */
function identityOf(servers: readonly string[]) {
  const addresses = servers
    .map((server) => new URL(server.replace(/^[a-z]+:/, 'http:')).hostname.replace(/^\[|\]$/g, ''))
    .filter((host) => isIP(host) !== 0 || host === 'localhost');
  return (name: string, certificate: PeerCertificate): Error | undefined => {
    if (name !== 'localhost' || addresses.length === 0) return checkServerIdentity(name, certificate);
    const refused = addresses.map((address) => checkServerIdentity(address, certificate));
    return refused.includes(undefined) ? undefined : refused[0];
  };
}

function signIn(
  { user, passwordFile, tokenFile, credsFile }: ConnectionOptions,
  { usernamePasswordAuthenticator, tokenAuthenticator, credsAuthenticator }: typeof import('@nats-io/transport-node'),
): { authenticator?: Authenticator } {
  if (user !== undefined && passwordFile !== undefined)
    return { authenticator: usernamePasswordAuthenticator(user, () => secretOf(passwordFile)) };
  if (tokenFile !== undefined) return { authenticator: tokenAuthenticator(() => secretOf(tokenFile)) };
  if (credsFile !== undefined) return { authenticator: credsAuthenticator(() => Buffer.from(secretOf(credsFile))) };
  return {};
}

function secretOf(file: string): string {
  const text = readFileSync(file, 'utf8').trim();
  if ((statSync(file).mode & 0o077) !== 0) throw new Error(`others can read \`${file}\`; run \`chmod 600 ${file}\``);
  return text;
}
