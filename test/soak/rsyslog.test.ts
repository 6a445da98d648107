/** A real rsyslog (Debian: `apt-get install rsyslog rsyslog-gnutls`) receives the record; run by `npm run test:rsyslog`. */

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { exportLine } from '../../src/audit/export.ts';
import { CursorKeeper } from '../../src/audit/forward/cursor.ts';
import { Forwarder } from '../../src/audit/forward/forwarder.ts';
import { syslogSink } from '../../src/audit/forward/syslog-sink.ts';
import { openLog } from '../../src/audit/log.ts';
import { readEntries } from '../../src/audit/read.ts';
import { parseHost } from '../../src/core/host.ts';
import { openCertificateAuthority } from '../../src/pki/certificate-authority.ts';
import { openDocuments } from '../../src/store/documents.ts';
import { decisionBody, handClock, logOptions, newSigner, noMeter, silentLog } from '../record/log-fixture.ts';
import { temporaryDir } from '../record/temporary-dir.ts';

it.each(['tcp', 'tls'] as const)(
  'rsyslog gets every entry over %s, also when it is restarted meanwhile',
  async (transport) => {
    const dir = temporaryDir();
    const port = await freePort();
    const ca = certificates(dir);
    writeFileSync(join(dir, 'rsyslog.conf'), settings(dir, port, transport));
    const log = await openLog(logOptions(temporaryDir(), newSigner(), { publishMs: 5 }));
    const forwarder = new Forwarder({
      ...{ name: 'siem', dir: log.dir, start: 'oldest', refused: 'hold', batchEntries: 256, batchBytes: 1 << 20 },
      ...{ pollMs: 5, backoffMs: 50, maxBackoffMs: 200, clock: handClock(), log: silentLog, meter: noMeter },
      cursor: new CursorKeeper(openDocuments(log.dir), 'siem'),
      sink: syslogSink({
        ...{ transport, host: 'localhost', port, ack: 'close', facility: 13, deadlineMs: 5000 },
        tls: { ca: Buffer.from(ca) },
        format: ({ seq, text }) => exportLine(seq, text, 'jsonl'),
      }),
    });
    const record = (from: number, count: number) =>
      Promise.all(Array.from({ length: count }, (_, i) => log.record(decisionBody(from + i))));
    await record(0, 2000);
    forwarder.start();
    const out = join(dir, 'out');
    const got = () => (existsSync(out) ? readFileSync(out, 'utf8').trimEnd().split('\n') : []);
    let rsyslog = started(dir);
    await vi.waitUntil(() => got().length >= 500, { timeout: 30_000, interval: 5 });
    await rsyslog.stop();
    await record(2000, 1000);
    rsyslog = started(dir);
    await vi.waitUntil(() => new Set(got()).size >= 3000, { timeout: 60_000, interval: 50 });
    await rsyslog.stop();
    expect([...new Set(got())]).toEqual([...readEntries(log.dir)].map(({ bytes }) => bytes.toString('utf8')));
    await forwarder.close();
    await log.close();
  },
);

function certificates(dir: string): string {
  const clock = { now: () => Date.now(), monotonic: () => 0 };
  const authority = openCertificateAuthority({ dir, name: 'ca', commonName: 'a receiver', clock });
  const host = parseHost('localhost');
  if (!host.ok) throw new Error('not a host');
  const { cert, key } = authority.leafFor(host.value);
  writeFileSync(join(dir, 'leaf.pem'), cert);
  writeFileSync(join(dir, 'leaf.key'), key);
  return authority.pem;
}

function settings(dir: string, port: number, transport: 'tcp' | 'tls'): string {
  const tls = `defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="${dir}/ca.pem"
       defaultNetstreamDriverCertFile="${dir}/leaf.pem" defaultNetstreamDriverKeyFile="${dir}/leaf.key"`;
  const mode = transport === 'tls' ? 'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"' : '';
  return `global(workDirectory="${dir}" maxMessageSize="80k" ${transport === 'tls' ? tls : ''})
module(load="imtcp" ${mode})
template(name="msg" type="string" string="%msg%\\n")
input(type="imtcp" address="127.0.0.1" port="${port}")
action(type="omfile" file="${dir}/out" template="msg")
`;
}

function started(dir: string): { stop(): Promise<void> } {
  const child = spawn('rsyslogd', ['-n', '-f', join(dir, 'rsyslog.conf'), '-i', join(dir, 'pid')], {
    stdio: 'inherit',
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const at = server.address();
      server.close(() => (typeof at === 'object' && at !== null ? resolve(at.port) : reject(new Error('no port'))));
    });
  });
}
