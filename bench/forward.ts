/**
 * Forwarding a backlog to a receiver that takes everything, and what that does to the event loop that decides.
 * `bin/node24 node bench/forward.ts [entries]` prints JSON. The receiver is a process of its own.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { exportLine } from '../src/audit/export.ts';
import { CursorKeeper } from '../src/audit/forward/cursor.ts';
import { Forwarder } from '../src/audit/forward/forwarder.ts';
import { httpSink } from '../src/audit/forward/http-sink.ts';
import { otlpAccepted, otlpBatch } from '../src/audit/forward/otlp-body.ts';
import type { ForwardEntry, ForwardSink } from '../src/audit/forward/sink.ts';
import { syslogSink } from '../src/audit/forward/syslog-sink.ts';
import { webhookBatch } from '../src/audit/forward/webhook-body.ts';
import { openLog } from '../src/audit/log.ts';
import { openDocuments } from '../src/store/documents.ts';
import { decisionBody, handClock, logOptions, newSigner, noMeter, silentLog } from '../test/record/log-fixture.ts';
import { rounded } from './measure.ts';

const COUNT = Number(process.argv[2] ?? 60_000);
const RECEIVER = `
const http = require('node:http').createServer((q, r) => { q.resume(); q.on('end', () => r.end('{}')); });
const tcp = require('node:net').createServer((s) => { s.resume(); s.on('error', () => {}); });
http.listen(0, '127.0.0.1', () => tcp.listen(0, '127.0.0.1', () => console.log(http.address().port, tcp.address().port)));
`;

const dir = mkdtempSync(join(tmpdir(), 'locktender-bench-'));
const receiver = spawn(process.execPath, ['-e', RECEIVER], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  const [line] = (await once(receiver.stdout, 'data')) as [Buffer];
  const [http = 0, tcp = 0] = line.toString().trim().split(' ').map(Number);
  const log = await openLog(logOptions(dir, newSigner(), { durability: 'relaxed', publishMs: 1000 }));
  for (let n = 0; n < COUNT; n += 1000)
    await Promise.all(Array.from({ length: 1000 }, (_, i) => log.record(decisionBody(n + i))));
  await log.publish();
  const out: Record<string, unknown> = { entries: COUNT, idle: { loopDelayP99Ms: await idleDelay() } };
  for (const [name, sink] of Object.entries(sinksAt(http, tcp))) out[name] = await forwarded(name, sink);
  await log.close();
  process.stdout.write(`${JSON.stringify(out, null, 2)}\n`);
} finally {
  receiver.kill();
  rmSync(dir, { recursive: true });
}

function sinksAt(http: number, tcp: number): Record<string, ForwardSink> {
  const jsonl = ({ seq, text }: ForwardEntry) => exportLine(seq, text, 'jsonl');
  const url = new URL(`http://127.0.0.1:${http}/`);
  const base = { url, headersFile: null, gzip: false, tls: {}, deadlineMs: 10_000 };
  const webhook = (entries: readonly ForwardEntry[]) =>
    webhookBatch(entries, { format: 'jsonl', line: jsonl, origin: 'bench' });
  return {
    webhook: httpSink({ ...base, encode: webhook, accepted: () => ({ rejected: 0 }) }),
    otlp: httpSink({ ...base, encode: (entries) => otlpBatch(entries, '0', 0), accepted: otlpAccepted }),
    syslog: syslogSink({
      ...{ transport: 'tcp', host: '127.0.0.1', port: tcp, ack: 'close', facility: 13, tls: {}, deadlineMs: 10_000 },
      format: jsonl,
    }),
  };
}

async function forwarded(name: string, sink: ForwardSink) {
  const forwarder = new Forwarder({
    ...{ name, dir, sink, start: 'oldest', refused: 'hold', batchEntries: 256, batchBytes: 1 << 20 },
    ...{ pollMs: 1000, backoffMs: 100, maxBackoffMs: 1000, log: silentLog, meter: noMeter, clock: handClock() },
    cursor: new CursorKeeper(openDocuments(dir), name),
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  forwarder.start();
  while (forwarder.status().next < COUNT) await wait(1);
  const seconds = (performance.now() - start) / 1000;
  delay.disable();
  await forwarder.close();
  return {
    perSecond: Math.round(COUNT / seconds),
    loopDelayP50Ms: rounded(delay.percentile(50) / 1e6),
    loopDelayP99Ms: rounded(delay.percentile(99) / 1e6),
    loopDelayMaxMs: rounded(delay.max / 1e6),
  };
}

async function idleDelay(): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await wait(1000);
  delay.disable();
  return rounded(delay.percentile(99) / 1e6);
}
