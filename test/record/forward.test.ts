import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { exportLine } from '../../src/audit/export.ts';
import { CursorKeeper } from '../../src/audit/forward/cursor.ts';
import { Forwarder, type ForwarderOptions } from '../../src/audit/forward/forwarder.ts';
import { httpSink } from '../../src/audit/forward/http-sink.ts';
import { otlpAccepted, otlpBatch } from '../../src/audit/forward/otlp-body.ts';
import type { ForwardEntry, ForwardSink } from '../../src/audit/forward/sink.ts';
import { type SyslogOptions, syslogSink } from '../../src/audit/forward/syslog-sink.ts';
import { webhookBatch } from '../../src/audit/forward/webhook-body.ts';
import { type AuditLog, openLog } from '../../src/audit/log.ts';
import { writePruning } from '../../src/audit/pruning.ts';
import { readEntries } from '../../src/audit/read.ts';
import { parseHost } from '../../src/core/host.ts';
import type { Meter } from '../../src/core/ports.ts';
import { openCertificateAuthority } from '../../src/pki/certificate-authority.ts';
import { openDocuments } from '../../src/store/documents.ts';
import { decisionBody, handClock, logOptions, newSigner, noMeter, silentLog } from './log-fixture.ts';
import { type HttpReceiver, httpReceiver, type SyslogReceiver, syslogReceiver } from './receivers.ts';
import { temporaryDir } from './temporary-dir.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function aLog(entries: number): Promise<AuditLog> {
  const log = await openLog(logOptions(temporaryDir(), newSigner(), { publishMs: 5 }));
  closers.push(() => log.close());
  await record(log, 0, entries);
  return log;
}

async function record(log: AuditLog, from: number, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => log.record(decisionBody(from + i))));
  await log.publish();
}

function forwarder(log: AuditLog, sink: ForwardSink, more: Partial<ForwarderOptions> = {}): Forwarder {
  const made = new Forwarder({
    name: 'siem',
    dir: log.dir,
    cursor: new CursorKeeper(openDocuments(log.dir), more.name ?? 'siem'),
    sink,
    start: 'oldest',
    refused: 'hold',
    batchEntries: 100,
    batchBytes: 1024 * 1024,
    pollMs: 5,
    backoffMs: 5,
    maxBackoffMs: 20,
    clock: handClock(),
    log: silentLog,
    meter: noMeter,
    ...more,
  });
  closers.push(() => made.close());
  made.start();
  return made;
}

const line = ({ seq, text }: ForwardEntry) => exportLine(seq, text, 'jsonl');

function toSyslog(port: number, more: Partial<SyslogOptions> = {}): ForwardSink {
  const base = { transport: 'tcp', host: '127.0.0.1', port, ack: 'close', tls: {}, deadlineMs: 5000 } as const;
  return syslogSink({ facility: 13, format: line, ...base, ...more });
}

function toWebhook(receiver: HttpReceiver, more: { gzip?: boolean; headersFile?: string; deadlineMs?: number } = {}) {
  const encode = (entries: readonly ForwardEntry[]) =>
    webhookBatch(entries, { format: 'jsonl', line, origin: 'log.example/gate' });
  const accepted = () => ({ rejected: 0 });
  const { gzip = false, headersFile = null, deadlineMs = 5000 } = more;
  return httpSink({ url: new URL(`${receiver.url}/in`), headersFile, gzip, tls: {}, deadlineMs, encode, accepted });
}

async function aSyslog(tls?: { cert: string; key: string }, port = 0): Promise<SyslogReceiver> {
  const receiver = await syslogReceiver(tls, port);
  closers.push(() => receiver.close());
  return receiver;
}

async function aWebhook(): Promise<HttpReceiver> {
  const receiver = await httpReceiver();
  closers.push(() => receiver.close());
  return receiver;
}

function entriesOf(log: AuditLog): string[] {
  return [...readEntries(log.dir)].map(({ bytes }) => bytes.toString('utf8'));
}

const bodies = (messages: readonly string[]) => messages.map((message) => message.slice(message.indexOf('] ') + 2));
const lines = (accepted: readonly string[]) => accepted.flatMap((body) => body.trimEnd().split('\n'));

/** Counters by name and cause, and a way to wait for one. */
function countingMeter(): Meter & { seen: Map<string, number>; until(key: string): Promise<void> } {
  const seen = new Map<string, number>();
  const waiters = new Map<string, () => void>();
  return {
    ...noMeter,
    seen,
    count: (name, labels = {}, by = 1) => {
      const key = labels['cause'] === undefined ? name : `${name} ${labels['cause']}`;
      seen.set(key, (seen.get(key) ?? 0) + by);
      waiters.get(key)?.();
    },
    until: (key) => (seen.has(key) ? Promise.resolve() : new Promise((resolve) => waiters.set(key, resolve))),
  };
}

const FAILED = 'locktender_forward_failures_total';
const LOST = 'locktender_forward_lost_total';

describe('forwarding to syslog', () => {
  it('sends every entry in order, as RFC 5424 in counted octets, and goes on where it stood after a restart', async () => {
    const log = await aLog(250);
    const receiver = await aSyslog();
    const first = forwarder(log, toSyslog(receiver.port));
    await receiver.until(() => receiver.messages.length >= 250);
    await first.close();
    await record(log, 250, 300);
    forwarder(log, toSyslog(receiver.port));
    // The cursor may have been behind the last batch when the first was closed: at least once, in order.
    const distinct = () => [...new Set(bodies(receiver.messages))];
    await receiver.until(() => distinct().length === 550);
    expect(distinct()).toEqual(entriesOf(log));
    const [message = ''] = receiver.messages;
    expect(message).toMatch(
      /^<109>1 2026-11-23T00:00:00\.000Z test-node locktender - decision \[locktender@32473 seq="0" id="d_\w+" tenant="tenant-0" task="t_0+"\] \{/,
    );
    expect(receiver.messages[1]).toMatch(/^<110>1 /);
  });

  it('speaks TLS only with a receiver that it can verify: nothing leaves for another', async () => {
    const log = await aLog(120);
    const clock = { now: () => Date.now(), monotonic: () => 0 };
    const made = () => openCertificateAuthority({ dir: temporaryDir(), name: 'ca', commonName: 'a receiver', clock });
    const [own, other] = [made(), made()];
    const host = parseHost('localhost');
    if (!host.ok) throw new Error('not a host');
    const receiver = await aSyslog(own.leafFor(host.value));
    const meter = countingMeter();
    const to = (pem: string) =>
      toSyslog(receiver.port, { transport: 'tls', host: 'localhost', tls: { ca: Buffer.from(pem) } });
    const refused = forwarder(log, to(other.pem), { meter });
    await meter.until(`${FAILED} unreachable`);
    await refused.close();
    expect(receiver.messages).toEqual([]);
    expect(refused.status()).toMatchObject({ next: 0, delivered: 0 });
    forwarder(log, to(own.pem));
    await receiver.until(() => receiver.messages.length >= 120);
    expect(bodies(receiver.messages)).toEqual(entriesOf(log));
  });

  it.each([
    ['reset', 'unreachable'],
    ['close-early', 'unacknowledged'],
    ['hang', 'unacknowledged'],
  ] as const)('sends again what a receiver took and did not read (%s)', async (misbehave, cause) => {
    const log = await aLog(30);
    const receiver = await aSyslog();
    receiver.misbehave = misbehave;
    const meter = countingMeter();
    const made = forwarder(log, toSyslog(receiver.port, { deadlineMs: misbehave === 'hang' ? 50 : 5000 }), { meter });
    await meter.until(`${FAILED} ${cause}`);
    expect(made.status()).toMatchObject({ next: 0, delivered: 0, state: 'failing', lag_entries: 30 });
    receiver.misbehave = 'no';
    await receiver.until(() => receiver.messages.length >= 30);
    expect(bodies(receiver.messages)).toEqual(entriesOf(log));
  });

  it('catches up with a receiver that was away, while recording never waited for it', async () => {
    const before = await aSyslog();
    const { port } = before;
    await before.close();
    const log = await aLog(10);
    const meter = countingMeter();
    const made = forwarder(log, toSyslog(port), { meter });
    await meter.until(`${FAILED} unreachable`);
    for (let i = 0; i < 5; i += 1) await record(log, 10 + i * 200, 200);
    expect(made.status().next).toBe(0);
    const receiver = await aSyslog(undefined, port);
    await receiver.until(() => receiver.messages.length >= 1010);
    expect(bodies(receiver.messages)).toEqual(entriesOf(log));
  });

  it('sends datagrams where UDP was asked for', async () => {
    const log = await aLog(3);
    const socket = createSocket('udp4');
    closers.push(async () => socket.close());
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const got: string[] = [];
    const all = new Promise<void>((resolve) => {
      socket.on('message', (message) => {
        if (got.push(message.toString('utf8')) === 3) resolve();
      });
    });
    forwarder(log, toSyslog(socket.address().port, { transport: 'udp' }));
    await all;
    expect(bodies(got)).toEqual(entriesOf(log));
  });
});

describe('forwarding over HTTP', () => {
  it('sends JSON Lines that are the entries byte for byte, compressed, with the headers of a file', async () => {
    const log = await aLog(40);
    const receiver = await aWebhook();
    const headersFile = join(temporaryDir(), 'headers');
    writeFileSync(headersFile, '# for the receiver\nAuthorization: Bearer in-the-file\n');
    forwarder(log, toWebhook(receiver, { gzip: true, headersFile }), { batchEntries: 25 });
    await receiver.until(() => receiver.accepted.length === 2);
    expect(lines(receiver.accepted)).toEqual(entriesOf(log));
    const headers = receiver.requests.map((request) => request.headers);
    expect(headers[1]).toMatchObject({
      authorization: 'Bearer in-the-file',
      'content-type': 'application/x-ndjson',
      'locktender-log': 'log.example/gate',
      'locktender-first': '25',
      'locktender-count': '15',
    });
  });

  it('sends a batch again until it is acknowledged, in order', async () => {
    const log = await aLog(60);
    const receiver = await aWebhook();
    const refusals = [503, 500, 429, 401, 302];
    receiver.answer = () => {
      const status = refusals.shift();
      return status === undefined ? undefined : { status, headers: { 'retry-after': '0' } };
    };
    forwarder(log, toWebhook(receiver), { batchEntries: 20 });
    await receiver.until(() => receiver.accepted.length === 3);
    expect(lines(receiver.accepted)).toEqual(entriesOf(log));
    expect(receiver.requests).toHaveLength(8);
  });

  it('holds before an entry that the receiver refuses, and leaves it out only where that was configured', async () => {
    const log = await aLog(20);
    const receiver = await aWebhook();
    const poison = JSON.parse(entriesOf(log)[13] ?? '') as { id: string };
    receiver.answer = ({ body }) => (body.includes(poison.id) ? { status: 400 } : undefined);
    const meter = countingMeter();
    const held = forwarder(log, toWebhook(receiver), { meter });
    const alone = () => receiver.requests.filter(({ headers }) => headers['locktender-count'] === '1').length;
    await receiver.until(() => alone() > 2);
    expect(lines(receiver.accepted)).toEqual(entriesOf(log).slice(0, 13));
    expect(held.status()).toMatchObject({ next: 13, lost: 0, state: 'failing' });
    expect(held.status().last_failure).toMatchObject({ cause: 'refused', message: 'answer 400' });
    await held.close();
    const skipping = forwarder(log, toWebhook(receiver), { meter, refused: 'skip' });
    await meter.until(LOST);
    await record(log, 20, 1);
    await receiver.until(() => lines(receiver.accepted).length === 20);
    expect(skipping.status().lost).toBe(1);
    expect(lines(receiver.accepted)).toEqual(entriesOf(log).filter((text) => !text.includes(poison.id)));
    expect(meter.seen.get(LOST)).toBe(1);
  });

  it('gives up on an answer that does not come, and the record goes on meanwhile', async () => {
    const log = await aLog(5);
    const receiver = await aWebhook();
    const silent = await aSyslog();
    silent.misbehave = 'hang';
    const meter = countingMeter();
    const at = { ...receiver, url: `http://127.0.0.1:${silent.port}` };
    const made = forwarder(log, toWebhook(at, { deadlineMs: 40 }), { meter });
    await record(log, 5, 50);
    await meter.until(`${FAILED} timeout`);
    expect(made.status()).toMatchObject({ next: 0, state: 'failing' });
  });
});

describe('forwarding as OTLP', () => {
  it('sends logs in the JSON encoding of protobuf; what a receiver says that it dropped is counted as lost', async () => {
    const log = await aLog(6);
    const receiver = await aWebhook();
    receiver.answer = () => ({ status: 200, body: '{"partialSuccess":{"rejectedLogRecords":"2"}}' });
    const meter = countingMeter();
    const encode = (entries: readonly ForwardEntry[]) => otlpBatch(entries, '9.9.9', 1_700_000_000_000);
    const url = new URL(`${receiver.url}/v1/logs`);
    const http = { url, headersFile: null, gzip: false, tls: {}, deadlineMs: 5000 };
    forwarder(log, httpSink({ ...http, encode, accepted: otlpAccepted }), { meter });
    await meter.until(LOST);
    expect(meter.seen.get(LOST)).toBe(2);
    expect(receiver.requests[0]).toMatchObject({ url: '/v1/logs', headers: { 'content-type': 'application/json' } });
    const sent = JSON.parse(receiver.accepted[0] ?? '');
    const [{ resource, scopeLogs }] = sent.resourceLogs;
    expect(resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'locktender' } },
      { key: 'service.version', value: { stringValue: '9.9.9' } },
      { key: 'service.instance.id', value: { stringValue: 'test-node' } },
    ]);
    const [{ logRecords }] = scopeLogs;
    expect(logRecords.map((one: { body: { stringValue: string } }) => one.body.stringValue)).toEqual(entriesOf(log));
    expect(logRecords[0]).toMatchObject({
      timeUnixNano: `${Date.UTC(2026, 10, 23)}000000`,
      observedTimeUnixNano: '1700000000000000000',
      severityNumber: 10,
      severityText: 'INFO2',
      eventName: 'locktender.decision',
    });
    expect(logRecords[1]).toMatchObject({ severityNumber: 9, severityText: 'INFO' });
    expect(logRecords[0].attributes).toContainEqual({ key: 'locktender.seq', value: { intValue: '0' } });
    expect(logRecords[0].attributes).toContainEqual({
      key: 'locktender.categories',
      value: { arrayValue: { values: [{ stringValue: 'software-development' }] } },
    });
    expect(logRecords[0].attributes).toContainEqual({ key: 'server.port', value: { intValue: '443' } });
  });
});

describe('the cursor', () => {
  it('of a new receiver begins at the newest where that is asked for, also when it fails at first', async () => {
    const log = await aLog(30);
    const receiver = await aWebhook();
    receiver.answer = () => ({ status: 503 });
    const meter = countingMeter();
    const failing = forwarder(log, toWebhook(receiver), { start: 'newest', meter });
    await vi.waitUntil(() => failing.status().next === 30);
    await record(log, 30, 4);
    await meter.until(`${FAILED} status`);
    await failing.close();
    receiver.answer = () => undefined;
    await record(log, 34, 1);
    forwarder(log, toWebhook(receiver), { start: 'newest', batchEntries: 5 });
    await receiver.until(() => lines(receiver.accepted).length === 5);
    expect(lines(receiver.accepted)).toEqual(entriesOf(log).slice(30));
  });

  it.each([
    ['is of another log', { next: 5, last: 'd_of_another_log' }],
    ['is ahead of the log', { next: 5000, last: null }],
    ['is no cursor', { next: 'soon' }],
  ])('holds when it %s: nothing is left out in silence', async (_, kept) => {
    const log = await aLog(10);
    const receiver = await aWebhook();
    await openDocuments(log.dir).write('forward-siem', kept);
    const meter = countingMeter();
    const made = forwarder(log, toWebhook(receiver), { meter });
    await meter.until(`${FAILED} cursor`);
    expect(made.status().last_failure?.message).toMatch(/delete `documents\/forward-siem\.json`/);
    expect(receiver.requests).toEqual([]);
  });

  it('passes what retention removed, and counts it', async () => {
    const log = await aLog(600);
    const pruned = { type: 'log.pruned', id: 'e_pruned', tenant: null, task: null } as const;
    const controls = {} as never;
    const { seq } = await log.record({ ...pruned, first_kept: 256, by: 'ana', why: 'old', controls });
    await log.publish();
    await writePruning(log.dir, seq);
    const kept = entriesOf(log).slice(256);
    rmSync(join(log.dir, 'tile/entries/000'));
    const receiver = await aWebhook();
    const meter = countingMeter();
    forwarder(log, toWebhook(receiver), { meter, batchEntries: 256 });
    await receiver.until(() => receiver.accepted.length === 2);
    expect(meter.seen.get(LOST)).toBe(256);
    expect(lines(receiver.accepted)).toEqual(kept);
  });
});
