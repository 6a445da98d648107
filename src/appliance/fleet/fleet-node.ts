/** What the rest of an appliance sees of its fleet, be it the hub or a member. */

import type { AnswerOf } from '../../admin/contract.ts';
import type { Config } from '../../config/schema.ts';
import type { ReloadOutcome } from '../../control/control-order.ts';
import type { ControlPlane } from '../../control/control-plane.ts';
import type { RevisionRoots } from '../../control/load-revision.ts';
import type { FleetConfirmation } from '../../core/controls.ts';
import type { AuditSink, Clock, Log, Meter } from '../../core/ports.ts';
import type { Result } from '../../core/result.ts';
import { type FleetConnection, openConnection } from '../../fleet/connection.ts';
import { type NodeSigner, nodeKeyText } from '../../fleet/envelope.ts';
import type { PassKey } from '../../gateway/passes.ts';
import type { SigningKeys } from '../../pki/signing-keys.ts';
import type { LeaseIndex } from '../../policy/lease-index.ts';
import type { StateDir } from '../../store/state-dir.ts';
import type { GuardDesk } from '../rules/guard-desk.ts';
import { StartRefused } from '../start-refused.ts';

export type FleetSettings = NonNullable<Config['fleet']>;

/** Digests that a set of files must come to. */
export interface ExpectedDigests {
  readonly bundle: string;
  readonly categories: string;
  readonly rules: string;
}

/** Loads policy, categories, DLP rules and tools of these directories, all or none. */
export type LoadFrom = (
  roots: RevisionRoots,
  expected: ExpectedDigests,
) => Promise<Result<Pick<ReloadOutcome, 'cut'>, string>>;

/** What it is opened with, before the rest stands; of `CoreOptions`. */
export interface FleetOptions {
  readonly config: Config;
  readonly roots: RevisionRoots;
  readonly log: Log;
  readonly clock: Clock;
  readonly version: string;
}

/** What it acts on once it does; of `Core`. */
export interface FleetCore extends FleetOptions {
  readonly state: StateDir;
  readonly keys: SigningKeys;
  readonly meter: Meter;
  readonly audit: AuditSink;
  readonly control: ControlPlane;
  readonly leases: LeaseIndex;
  readonly guard: GuardDesk;
}

export interface FleetNode {
  /** Name of the hub that is followed; null at the hub. */
  readonly hub: string | null;
  /** True while nothing may be allowed here: no lease holds. Cheap: asked at each request. */
  stale(): boolean;
  /** Told each time that `stale` changes. */
  watch(told: (stale: boolean) => void): void;
  /** Keys of the hub's passes. */
  passKeys(): readonly Pick<PassKey, 'id' | 'publicKey'>[];
  /** Once everything else stands. */
  start(core: FleetCore, load: LoadFrom): void;
  /** At the hub: what the members said of the latest change; null at a member. */
  confirmed(): Promise<FleetConfirmation | null>;
  agree(epoch: string): Promise<Result<null, string>>;
  status(): Omit<AnswerOf<'fleetStatus'>, 'mirrors' | 'shipping'>;
  /** What is not as it should be, for `/readyz`. */
  missing(): readonly string[];
  measure(): void;
  stop(): Promise<void>;
}

/** What both roles are made from. */
export interface FleetParts {
  readonly settings: FleetSettings;
  readonly node: string;
  readonly signer: NodeSigner;
  readonly connection: FleetConnection;
}

export function fleetParts({ node, fleet }: Config, keys: SigningKeys, log: Log): FleetParts | null {
  if (!fleet) return null;
  const { publicKey, sign } = signingKey(keys);
  return { settings: fleet, node, signer: { node, publicKey, sign }, connection: connectionOf(fleet, node, log) };
}

/** Of this node, as others pin it. */
export function keyOf({ signer }: Pick<FleetParts, 'signer'>): string {
  return nodeKeyText(signer);
}

function signingKey(keys: SigningKeys): Pick<NodeSigner, 'publicKey' | 'sign'> {
  const key = keys.current('fleet');
  return { publicKey: key.rawPublicKey, sign: (message) => key.sign(message) };
}

function connectionOf(fleet: FleetSettings, node: string, log: Log): FleetConnection {
  const { servers, ca, cert, key, user, password_file: passwordFile, token_file: tokenFile } = fleet;
  const files = { ca, cert, key, user, passwordFile, tokenFile, credsFile: fleet.creds_file };
  try {
    return openConnection({ servers, ...files, name: `locktender ${fleet.name} ${node}`, log });
  } catch (error) {
    throw new StartRefused(`fleet: ${error instanceof Error ? error.message : 'a file cannot be read'}`);
  }
}
