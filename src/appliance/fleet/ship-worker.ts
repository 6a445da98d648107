/** The thread of a member that ships its record: what it reads, proves and sends is not done where requests are decided. */

import { workerData } from 'node:worker_threads';
import { openConnection } from '../../fleet/connection.ts';
import { recordsPlaces } from '../../fleet/records/records-stream.ts';
import { startShipping } from '../../fleet/records/shipping.ts';
import { openDocuments } from '../../store/documents.ts';
import { systemClock } from '../../telemetry/system-clock.ts';
import { threadPorts } from '../record/thread-ports.ts';
import type { ShipNews, ShipOrder, ShipTold } from './records-order.ts';

const STATUS_MS = 1000;
const ANSWER_MS = 5000;

const { port, say, log, meter } = threadPorts<ShipNews>();
const { fleet, node, dir, pollMs, ...order } = workerData as ShipOrder;
const connection = openConnection({ ...order.connection, log });
const documents = openDocuments(order.documents);
const own = { fleet, node, dir, pollMs, documents, connection };
const shipping = startShipping({ ...own, waits: true, clock: systemClock, log, meter });
const timer = setInterval(() => say({ say: 'status', status: shipping.status() }), STATUS_MS);

port.on('message', (told: ShipTold | 'stop') => {
  if (told === 'stop') {
    clearInterval(timer);
    void shipping.close().then(() => port.close());
  } else if (told.do === 'ask') void ask(told.question, told.nonce);
  else {
    // A clone of a Buffer is bytes and no more.
    const position = { ...told.position, root: Buffer.from(told.position.root) };
    shipping
      .heard(position)
      .catch((error: unknown) => log.error({ error }, 'where the mirror stands could not be kept'));
  }
});

async function ask(question: Uint8Array, nonce: string): Promise<void> {
  const { where } = recordsPlaces(fleet);
  // No answer is no news: it is asked again.
  const answer = await connection
    .current()
    ?.nats.request(where, question, { timeout: ANSWER_MS })
    .catch(() => null);
  if (answer) say({ say: 'answer', answer: answer.data, nonce });
}
