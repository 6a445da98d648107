/** Inside a thread of the record: its port, and a log and a meter whose lines and figures are those of the process. */

import { type MessagePort, parentPort } from 'node:worker_threads';
import type { Log, Meter } from '../../core/ports.ts';
import type { CommonNews } from './record-thread.ts';

export interface ThreadPorts<News> {
  readonly port: MessagePort;
  readonly say: (news: News) => void;
  readonly log: Log;
  readonly meter: Meter;
}

/** Throws where this is no thread. */
export function threadPorts<News>(): ThreadPorts<News> {
  const port = parentPort;
  if (port === null) throw new Error('this is started as a thread');
  const say = (news: News | CommonNews) => port.postMessage(news);
  const line = (level: keyof Log) => (fields: object, message: string) => say({ say: 'log', level, fields, message });
  const log: Log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  const meter: Meter = {
    count: (name, labels, by = 1) => say({ say: 'count', name, labels, by }),
    set: (name, value, labels) => say({ say: 'set', name, labels, value }),
    observe: () => undefined,
  };
  return { port, say, log, meter };
}
