/** What would have sufficed for the recorded traffic, as `policy learn` works it out, a turn at a time. */

import { setImmediate } from 'node:timers/promises';
import type { PolicyDesk } from '../../admin/ports.ts';
import type { AuditLog } from '../../audit/log.ts';
import { firstKept } from '../../audit/pruning.ts';
import { readEntries } from '../../audit/read.ts';
import type { AuditEvent } from '../../core/event.ts';
import type { Bundle } from '../../policy/bundle/bundle.ts';
import { Learner } from '../../policy/trials/learn.ts';

const TURN = 256;
const DAY_MS = 86_400_000;
const DECISION = '"type":"decision"';

export interface LearnFrom {
  readonly log: AuditLog;
  readonly bundle: Bundle;
  /** Epoch ms. */
  readonly now: number;
}

/** Proposals only: nothing is written, a person reviews them. */
export async function learnt(
  { days, tenant, class: name }: Parameters<PolicyDesk['learn']>[0],
  { log, bundle, now }: LearnFrom,
): ReturnType<PolicyDesk['learn']> {
  const learner = new Learner();
  const since = now - days * DAY_MS;
  const end = log.head.size;
  for (let at = firstKept(log.dir); at < end; at += TURN) {
    for (const { bytes } of readEntries(log.dir, at, Math.min(end, at + TURN))) {
      if (!bytes.includes(DECISION)) continue;
      const event = JSON.parse(bytes.toString('utf8')) as AuditEvent;
      if (event.type === 'decision' && event.input.now >= since) learner.see(event);
    }
    await setImmediate();
  }
  const wanted = (value: string, only: string | null) => only === null || only === value;
  return {
    proposals: learner.proposals(bundle).filter((one) => wanted(one.tenant, tenant) && wanted(one.class, name)),
  };
}
