import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Forwarding, startForwarding } from '../../src/appliance/record/forwarding.ts';
import { receiverFiles } from '../../src/appliance/record/receiver-files.ts';
import { openLog } from '../../src/audit/log.ts';
import { readEntries } from '../../src/audit/read.ts';
import { forward } from '../../src/config/forward-keys.ts';
import { configSchema } from '../../src/config/schema.ts';
import type { StateDir } from '../../src/store/state-dir.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import {
  execute,
  PROGRAM,
  type RunningAppliance,
  startProgram,
  temporaryDirectory,
} from '../journey/running-appliance.ts';
import { decisionBody, logOptions, newSigner, silentLog } from './log-fixture.ts';
import { httpReceiver, syslogReceiver } from './receivers.ts';
import { temporaryDir } from './temporary-dir.ts';

const state = temporaryDirectory();
afterAll(() => state.remove());

interface Receiver {
  name: string;
  to: string;
  state: string;
  next: number;
  lag_entries: number;
  lost: number;
  last_failure: unknown;
}

async function receiversOf(appliance: RunningAppliance): Promise<{ size: number; receivers: Receiver[] }> {
  const { code, stdout, stderr } = await appliance.cli('audit', 'forward', 'status', '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe('the forwarding thread', () => {
  it('is started again when it ends by itself, and goes on', async () => {
    const dir = temporaryDir();
    const log = await openLog(logOptions(dir, newSigner(), { publishMs: 5 }));
    await log.record(decisionBody(1));
    const webhook = await httpReceiver();
    const ca = join(dir, 'ca.pem');
    const receiver = { name: 'lake', kind: 'webhook', url: webhook.url, ca };
    const config = configSchema.parse({ audit: { forward: [receiver], checkpoint_ms: 100 } });
    const forwarding = await new Promise<Forwarding>((resolve) => {
      // The thread cannot start without the file; it is there when it is started again.
      const error = () => {
        writeFileSync(ca, '');
        resolve(made);
      };
      const state = { folder: () => dir } as unknown as StateDir;
      const meter = createMetrics();
      const made = startForwarding({
        audit: log,
        config,
        log: { ...silentLog, error, level: () => undefined } as never,
        meter,
        state,
        version: '0',
      });
    });
    await webhook.until(() => webhook.accepted.length === 1);
    expect(await forwarding.status()).toMatchObject([{ name: 'lake', kind: 'webhook', to: webhook.url, failures: 0 }]);
    await forwarding.close();
    await log.close();
    await webhook.close();
  });
});

describe('the files of a receiver', () => {
  const base = { name: 'a', kind: 'webhook', url: 'https://h.example/' };
  const headers = join(temporaryDir(), 'headers');
  writeFileSync(headers, 'authorization: Bearer x', { mode: 0o644 });
  it.each([
    [{ ca: '/nowhere.pem' }, /audit\.forward `a`: cannot read `\/nowhere\.pem` \(ENOENT\)/],
    [{ headers_file: '/nowhere' }, /cannot read `\/nowhere` \(ENOENT\)/],
    [{ headers_file: headers }, /others can read `.*headers`; run `chmod 600 /],
  ])('are looked at before anything starts: %j', (more, message) => {
    expect(() => receiverFiles(forward.parse({ ...base, ...more }))).toThrow(message);
  });
});

describe('a forwarding appliance', () => {
  it('delivers every recorded entry to each receiver, over kill -9 and with one of them failing', async () => {
    const syslog = await syslogReceiver();
    const webhook = await httpReceiver();
    webhook.answer = () => ({ status: 503 });
    const sinks = [
      { name: 'siem', kind: 'syslog', url: `tcp://127.0.0.1:${syslog.port}`, batch_entries: 2 },
      { name: 'lake', kind: 'webhook', url: `${webhook.url}/in?token=not-to-be-shown`, max_backoff_ms: 100 },
    ];
    const set = ['--set', `audit.forward=${JSON.stringify(sinks)}`, '--set', 'audit.checkpoint_ms=100'];
    const first = await startProgram(state.path, set);
    for (const name of ['gambling', 'malware'])
      expect(await first.cli('category', 'block', name, '--why', 'a test')).toMatchObject({ code: 0 });
    await syslog.until(() => syslog.messages.length >= 3);
    const { receivers } = await receiversOf(first);
    expect(receivers.map(({ name, to }) => [name, to])).toEqual([
      ['siem', `tcp://127.0.0.1:${syslog.port}`],
      ['lake', webhook.url],
    ]);
    expect(receivers[1]).toMatchObject({ state: 'failing', next: 0, lost: 0, last_failure: { message: 'answer 503' } });
    await first.kill();

    webhook.answer = () => undefined;
    const second = await startProgram(state.path, set);
    const starts = (got: readonly string[]) => got.join('\n').split('"node.started"').length - 1;
    const bothSaw = (count: number) =>
      Promise.all([
        syslog.until(() => starts(syslog.messages) >= count),
        webhook.until(() => starts(webhook.accepted) >= count),
      ]);
    await bothSaw(2);
    const entries = [...readEntries(`${state.path}/audit`)].map(({ bytes }) => bytes.toString('utf8'));
    await second.kill();
    const got = [
      new Set(syslog.messages.map((message) => message.slice(message.indexOf('] ') + 2))),
      new Set(webhook.accepted.flatMap((body) => body.trimEnd().split('\n'))),
    ];
    const upToStart = entries.slice(0, entries.findLastIndex((text) => text.includes('"node.started"')) + 1);
    for (const seen of got) expect(upToStart.filter((text) => !seen.has(text))).toEqual([]);
    for (const receiver of [syslog, webhook]) await receiver.close();
  }, 60_000);

  it.each([
    [
      'a kind that its scheme does not fit',
      { name: 'a', kind: 'otlp', url: 'tcp://h:1' },
      /`audit\.forward\.0\.url` must begin with `https:\/\/` or `http:\/\/` for `otlp`/,
    ],
    ['no port', { name: 'a', kind: 'syslog', url: 'tls://h' }, /must name a host and a port/],
    ['a password in the URL', { name: 'a', kind: 'webhook', url: 'https://u:p@h/' }, /must hold no user or password/],
  ])(
    'does not start with %s',
    async (_, sink, message) => {
      const own = temporaryDirectory();
      const doors = ['proxy', 'socks', 'gateway', 'admin'].flatMap((door) => ['--set', `${door}.listen=127.0.0.1:0`]);
      const args = ['serve', '--state', own.path, ...doors, '--set', `audit.forward=${JSON.stringify([sink])}`];
      const ran = await execute([PROGRAM, ...args]);
      own.remove();
      expect(ran).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    },
    60_000,
  );
});
