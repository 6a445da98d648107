/** The thread of the hub that keeps the mirrors: what it hashes, verifies and syncs is not done where requests are decided. */

import { readdirSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { Msg, Subscription } from '@nats-io/transport-node';
import { Mirrors } from '../../audit/mirror/mirrors.ts';
import { type Connected, openConnection } from '../../fleet/connection.ts';
import { Intake } from '../../fleet/records/intake.ts';
import { recordsPlaces } from '../../fleet/records/records-stream.ts';
import { openDocuments } from '../../store/documents.ts';
import { systemClock } from '../../telemetry/system-clock.ts';
import { threadPorts } from '../record/thread-ports.ts';
import type { MirrorNews, MirrorOrder, MirrorTold } from './records-order.ts';

const REPORT_MS = 1000;
/** As long as whoever asks waits. */
const ANSWER_MS = 5000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Questions that wait for their answer; more than a fleet asks at once. */
const MOST_QUESTIONS = 1000;

const { port, say, log, meter } = threadPorts<MirrorNews>();
const order = workerData as MirrorOrder;
const { fleet, dir, keepMs, retentionDays, sealAfterDays } = order;
const ports = { clock: systemClock, log, meter };
const connection = openConnection({ ...order.connection, log });
const mirrors = new Mirrors({ dir, keepMs, ...ports });
const intake = new Intake({
  ...{ fleet, mirrors, connection, retentionDays, documents: openDocuments(order.documents) },
  ...ports,
});
const questions = new Map<number, Msg>();
let asked = 0;
let subscribed: { readonly nats: unknown; readonly where: Subscription } | null = null;

await begin();

async function begin(): Promise<void> {
  // Nodes that were mirrored before are so at once, by the keys that they had.
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) await pin(entry.name, []);
  }
  connection.onConnected((connected) => subscribe(connected));
  intake.start();
  const reporting = setInterval(() => say({ say: 'reports', reports: mirrors.reports() }), REPORT_MS);
  const retaining = setInterval(() => void retain(), HOUR_MS);
  port.on('message', (told: MirrorTold | 'stop') => {
    if (told === 'stop') {
      clearInterval(reporting);
      clearInterval(retaining);
      void intake.close().then(() => port.close());
    } else if (told.do === 'reply') reply(told.id, told.answer);
    else void believe(told);
  });
}

function subscribe({ nats }: Connected): void {
  if (subscribed?.nats === nats) return;
  const where = nats.subscribe(recordsPlaces(fleet).where, {
    callback: (error, message) => {
      if (error !== null || questions.size >= MOST_QUESTIONS) return;
      asked += 1;
      const id = asked;
      questions.set(id, message);
      // Whoever is not believed is not answered.
      setTimeout(() => questions.delete(id), ANSWER_MS).unref();
      say({ say: 'question', id, question: message.data });
    },
  });
  subscribed = { nats, where };
}

async function believe({ id, node, logKeys, size }: Extract<MirrorTold, { do: 'believe' }>): Promise<void> {
  await pin(node, logKeys);
  mirrors.stated(node, size);
  const report = mirrors.reports().find((one) => one.node === node);
  if (report && report.fault?.kind !== 'damaged') say({ say: 'stands', id, report });
}

function reply(id: number, answer: Uint8Array): void {
  questions.get(id)?.respond(answer);
  questions.delete(id);
}

async function pin(node: string, logKeys: readonly string[]): Promise<void> {
  try {
    await intake.inTurn(() => mirrors.pin(node, logKeys));
  } catch (error) {
    log.error({ node, error }, 'the record of a node cannot be mirrored');
  }
}

async function retain(): Promise<void> {
  const now = systemClock.now();
  const old = { sealBefore: now - sealAfterDays * DAY_MS, removeBefore: now - retentionDays * DAY_MS };
  await intake
    .inTurn(() => mirrors.retain(old))
    .catch((error: unknown) => log.error({ error }, 'retention of the mirrors failed; tried again'));
}
