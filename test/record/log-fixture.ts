/** What the tests of the record share: keys, ports and a way to make events. */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { LogOptions } from '../../src/audit/log-options.ts';
import { type NoteSigner, type NoteVerifier, verifierOf } from '../../src/audit/signed-note.ts';
import type { DecisionEvent, EventBody } from '../../src/core/event.ts';
import { ulid } from '../../src/core/ids.ts';
import type { Clock, Log, Meter } from '../../src/core/ports.ts';

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
export const noMeter: Meter = { count() {}, observe() {}, set() {} };

/** A clock that a test sets. */
export function handClock(start = Date.UTC(2026, 10, 23)): Clock & { set(now: number): void } {
  let now = start;
  return {
    now: () => now,
    monotonic: () => performance.now(),
    set(to) {
      now = to;
    },
  };
}

export function newSigner(name = 'log.example/gate'): NoteSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { name, publicKey: raw, sign: (message) => sign(null, message, privateKey) };
}

export function verifierFor(signer: NoteSigner, type: 'log' | 'witness' = 'log'): NoteVerifier {
  return verifierOf(signer.name, signer.publicKey, type);
}

export function logOptions(dir: string, signer: NoteSigner, more: Partial<LogOptions> = {}): LogOptions {
  return {
    dir,
    signers: [signer],
    node: 'test-node',
    clock: handClock(),
    log: silentLog,
    meter: noMeter,
    durability: 'strict',
    publishMs: 60_000,
    ...more,
  };
}

/** A decision as the proxy records it, of typical size. */
export function decisionBody(n: number, more: Partial<DecisionEvent> = {}): EventBody {
  const tenant = `tenant-${n % 7}`;
  const task = `t_${String(n % 100).padStart(26, '0')}`;
  const host = `host-${n % 50}.example.com`;
  return {
    type: 'decision',
    id: ulid('d', Date.UTC(2026, 10, 23) + n, randomBytes(10)),
    tenant,
    task,
    door: 'http',
    parent: null,
    input: {
      pass: `p_${String(n % 100).padStart(26, '0')}`,
      class: 'web-research',
      capabilities: ['net.read.public'],
      profile: 'reader',
      risk: n % 100,
      expires_at: Date.UTC(2026, 10, 24),
      pass_problem: null,
      method: 'GET',
      scheme: 'https',
      host,
      port: 443,
      path_hash: 'a0'.repeat(16),
      path: null,
      matched: [],
      content_type: null,
      upgrade: null,
      addresses: ['203.0.113.7'],
      cnames: [],
      categories: ['software-development'],
      now: Date.UTC(2026, 10, 23) + n,
      bundle: 'b1'.repeat(32),
      controls: 4,
      category_index: 'c2'.repeat(32),
    },
    effect: n % 5 === 0 ? 'deny' : 'allow',
    reason: n % 5 === 0 ? 'category_blocked' : 'capability_grants',
    step: n % 5 === 0 ? 'category_blocked' : 'capability_grants',
    mode: 'inspect',
    method_enforced: true,
    rule: { id: 'capability:net.read.public#1', file: 'rules/capabilities/net.read.public.yaml', line: 12 },
    capability: 'net.read.public',
    categories: ['software-development'],
    facts: [`task:${task}`, `tenant:${tenant}`, 'capability:net.read.public', `host:${host}`],
    detail: null,
    ...more,
  };
}
