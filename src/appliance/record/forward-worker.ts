/** The thread that forwards the record: what it parses, encodes and encrypts is not done where requests are decided. */

import { workerData } from 'node:worker_threads';
import { systemClock } from '../../telemetry/system-clock.ts';
import { type ForwardNews, type ForwardOrder, type ForwardTold, startReceivers } from './receivers.ts';
import { threadPorts } from './thread-ports.ts';

const { port, say, log, meter } = threadPorts<ForwardNews>();
const receivers = startReceivers(workerData as ForwardOrder, { clock: systemClock, log, meter });

port.on('message', (told: ForwardTold | 'stop') => {
  if (told === 'stop') void receivers.close().then(() => port.close());
  else say({ say: 'status', ask: told.ask, receivers: receivers.status() });
});
