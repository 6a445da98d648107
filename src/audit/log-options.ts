/** What a log is opened with. */

import type { AuditEvent } from '../core/event.ts';
import type { Clock, Log, Meter } from '../core/ports.ts';
import type { Files } from '../store/files.ts';
import type { NoteSigner } from './signed-note.ts';

export interface LogOptions {
  /** Must exist. Held by one writer: take the lock of the state directory first. */
  readonly dir: string;
  /** The first names the log; each checkpoint bears a signature of every one (two during a rotation). */
  readonly signers: readonly [NoteSigner, ...NoteSigner[]];
  /** Identity of the log in its checkpoints; the first signer's name unless given. Never changes. */
  readonly origin?: string;
  /** Name of this node, in every event. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  /** `strict`: a record is on disk before it is acknowledged. `relaxed`: within `publishMs`. */
  readonly durability: 'strict' | 'relaxed';
  readonly files?: Files;
  /** How long the close of a flow, which no act waits for, may wait for company in a commit; 0 ms. */
  readonly windowMs?: number;
  /** How often a checkpoint is published while there is news; 1 s. */
  readonly publishMs?: number;
  /** How often a checkpoint is kept for ever; 1 h. */
  readonly keepMs?: number;
  /** Has a kept checkpoint signed by witnesses; see `Cosigner`. */
  readonly cosign?: (note: string) => Promise<string | null>;
  /** What is a tenant's own in an event is sealed by this before anything is kept of it. */
  readonly seal?: (event: AuditEvent) => AuditEvent;
  /** How long one commit may take before new work is denied; 5 s. */
  readonly stallMs?: number;
  /** First wait before a failed disk is tried again, doubled up to 1 s; 100 ms. */
  readonly probeMs?: number;
  /** Size at which a journal segment is left for a new one; 64 MB. */
  readonly segmentBytes?: number;
}
