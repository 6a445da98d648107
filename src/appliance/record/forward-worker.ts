/** The thread that forwards the record: what it parses, encodes and encrypts is not done where requests are decided. */

import { parentPort, workerData } from 'node:worker_threads';
import type { Log, Meter } from '../../core/ports.ts';
import { systemClock } from '../../telemetry/system-clock.ts';
import { type ForwardNews, type ForwardOrder, type ForwardTold, startReceivers } from './receivers.ts';

const port = parentPort;
if (port === null) throw new Error('this is started as a thread');

const say = (news: ForwardNews) => port.postMessage(news);
const line = (level: keyof Log) => (fields: object, message: string) => say({ say: 'log', level, fields, message });
const log: Log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
const meter: Meter = {
  count: (name, labels, by = 1) => say({ say: 'count', name, labels, by }),
  set: (name, value, labels) => say({ say: 'set', name, labels, value }),
  observe: () => undefined,
};

const receivers = startReceivers(workerData as ForwardOrder, { clock: systemClock, log, meter });

port.on('message', (told: ForwardTold) => {
  if (told === 'stop') void receivers.close().then(() => port.close());
  else say({ say: 'status', ask: told.ask, receivers: receivers.status() });
});
