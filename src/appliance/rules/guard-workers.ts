/** The guard's threads out of the configuration: the first is started a while after the appliance, or for the first large body. */

import { availableParallelism } from 'node:os';
import type { Config } from '../../config/schema.ts';
import type { Log, Meter } from '../../core/ports.ts';
import type { RuleSet } from '../../dlp/compiled-rules.ts';
import { type Credential, placeholderOf } from '../../guard/broker.ts';
import type { Vault } from '../../guard/vault.ts';
import { GuardWorkers } from '../../guard/workers/guard-workers.ts';
import { startThread } from '../../guard/workers/start-thread.ts';
import type { WorkerSetup } from '../../guard/workers/worker-talk.ts';

/** Commands that need an appliance for a moment are over by then. */
const AHEAD_MS = 5000;

export interface GuardWorkersOrder {
  readonly config: Config;
  readonly vault: Vault;
  readonly credentials: readonly Credential[];
  readonly fingerprintKey: Uint8Array;
  /** Those of the start. */
  readonly rules: RuleSet;
  readonly meter: Pick<Meter, 'count' | 'set'>;
  readonly log: Pick<Log, 'error'>;
}

/** Null where the configuration wants none. */
export function openGuardWorkers(order: GuardWorkersOrder): GuardWorkers | null {
  const { guard } = order.config;
  // Two at least, so that a tenant whose bodies take long leaves one to the others.
  const most = guard.workers === 'auto' ? Math.min(4, Math.max(2, availableParallelism() - 1)) : guard.workers;
  if (most === 0) return null;
  const setup: WorkerSetup = {
    fingerprintKey: order.fingerprintKey,
    vaultKey: order.vault.key,
    tokenTtlMs: guard.token_ttl_ms,
    maxFindings: guard.max_findings,
    maxLayerDepth: guard.max_layer_depth,
    placeholders: order.credentials.map(({ name }) => placeholderOf(name)),
  };
  const { vault, meter, log } = order;
  const start = () => startThread(setup);
  const workers = new GuardWorkers({ most, deadlineMs: guard.deadline_ms, start, vault, meter, log });
  setTimeout(() => workers.startAhead(order.rules), AHEAD_MS).unref();
  return workers;
}
