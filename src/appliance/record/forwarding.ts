/**
 * Forwarding as the appliance has it: a thread of its own, so that no receiver, however slow, and no backlog, however long,
 * takes time from decisions. Should the thread end by itself it is started again; the cursors are on disk.
 */

import type { Core } from '../open-core.ts';
import type { ForwardNews, ForwardOrder, ForwardTold, ReceiverStatus } from './receivers.ts';
import { RecordThread } from './record-thread.ts';

type Parts = Pick<Core, 'audit' | 'config' | 'log' | 'meter' | 'state' | 'version'>;

export interface Forwarding {
  status(): Promise<readonly ReceiverStatus[]>;
  close(): Promise<void>;
}

const ANSWER_MS = 5000;

export function startForwarding(parts: Parts): Forwarding {
  const { audit, config, state, version, log, meter } = parts;
  const receivers = config.audit.forward;
  if (receivers.length === 0) return { status: async () => [], close: async () => undefined };
  const { origin, checkpoint_ms: pollMs } = config.audit;
  const documents = state.folder('documents');
  const order: ForwardOrder = { receivers, dir: audit.dir, documents, origin, version, pollMs };
  const asked = new Map<number, (receivers: readonly ReceiverStatus[]) => void>();
  let asks = 0;
  const thread = new RecordThread<ForwardNews, ForwardTold>({
    ...{ url: new URL('./forward-worker.ts', import.meta.url), order, name: 'the forwarding thread', log, meter },
    hear: ({ ask, receivers: all }) => {
      asked.get(ask)?.(all);
      asked.delete(ask);
    },
  });
  const status = (): Promise<readonly ReceiverStatus[]> => {
    asks += 1;
    const ask = asks;
    return new Promise((resolve, reject) => {
      const late = () => {
        asked.delete(ask);
        reject(new Error('the forwarding thread does not answer; see the log'));
      };
      const timer = setTimeout(late, ANSWER_MS);
      asked.set(ask, (all) => {
        clearTimeout(timer);
        resolve(all);
      });
      thread.tell({ ask });
    });
  };
  return { status, close: () => thread.close() };
}
