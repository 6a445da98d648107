/** What a member of a fleet is made of, and what it says of itself. */

import type { SnapshotCause } from '../control/control-order.ts';
import type { Controls, CutReceipt } from '../core/controls.ts';
import type { Clock, Log, Meter } from '../core/ports.ts';
import type { Result } from '../core/result.ts';
import type { Documents } from '../store/documents.ts';
import type { FleetConnection } from './connection.ts';
import type { NodeKey, NodeSigner } from './envelope.ts';
import type { MemberLease } from './lease.ts';
import type { FleetOrder } from './messages.ts';

/** What the hub's orders are carried out by. */
export interface MemberActs {
  /** Brings controls into force; null when nothing differs. The error: they are not, or not for good. */
  follow(controls: Controls, cause: SnapshotCause): Promise<Result<CutReceipt | null, string>>;
  /** Brings files into force; the error says why they are not, and those of before stay. Rejects when they could not be had. */
  files(policy: FleetOrder['policy'], fetch: Fetch): Promise<Result<null, string>>;
  /** Whether files of the hub are in force, be it those of an older order: what this node came with is nothing to act on. */
  followed(): boolean;
  /** Keys of the hub's passes. */
  passKeys(keys: FleetOrder['pass_keys']): void;
}

export type Fetch = (archive: { readonly digest: string; readonly bytes: number }) => Promise<Uint8Array>;

export interface MemberOptions {
  readonly fleet: string;
  readonly hub: NodeKey;
  readonly signer: NodeSigner;
  readonly connection: FleetConnection;
  readonly documents: Documents;
  readonly lease: MemberLease;
  readonly acts: MemberActs;
  /** Longest lease; a third of what is left to it is between two questions. */
  readonly leaseMs: number;
  readonly version: string;
  /** Told whenever the lease may have changed. */
  readonly onLease: () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
}

export interface MemberView {
  readonly epoch: string | null;
  /** The hub's epoch, where it is not the one that is followed. */
  readonly offered: string | null;
  readonly sequence: number;
  readonly hubVersion: number;
  /** Why the files of the latest order are not in force. */
  readonly refused: string | null;
  /** Why no lease was had last; null while all is well. */
  readonly trouble: string | null;
}
