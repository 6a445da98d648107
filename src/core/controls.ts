/** Controls: what operators change at run time. Versioned, persisted before they are acknowledged. */

import type { Fact } from './fact.ts';

/** Who did it, why and when; `until` (epoch ms) is when it returns by itself, null for never. */
export interface ControlMark {
  readonly by: string;
  readonly why: string;
  readonly at: number;
  readonly until: number | null;
  /** Id of the change that set it (`c…`), so that a cut can name its cause. */
  readonly change: string;
}

export interface HostOverride extends ControlMark {
  readonly effect: 'allow' | 'deny';
  /** Canonical host, or `*.` and a suffix that is not a public suffix. */
  readonly host: string;
  /** Null: every tenant. */
  readonly tenant: string | null;
}

/** The state of all controls; a plain JSON value. Keys of the records are names or ids. */
export interface Controls {
  /** Rises by one with every change. */
  readonly version: number;
  readonly blockedCategories: Readonly<Record<string, ControlMark>>;
  /** A category that taxonomy blocks by default but an operator opened. */
  readonly unblockedCategories: Readonly<Record<string, ControlMark>>;
  readonly revokedCapabilities: Readonly<Record<string, ControlMark>>;
  readonly quarantinedTenants: Readonly<Record<string, ControlMark>>;
  /** By `killName`. */
  readonly killedTasks: Readonly<Record<string, ControlMark>>;
  readonly revokedPasses: Readonly<Record<string, ControlMark>>;
  readonly hostOverrides: readonly HostOverride[];
}

export const NO_CONTROLS: Controls = {
  version: 0,
  blockedCategories: {},
  unblockedCategories: {},
  revokedCapabilities: {},
  quarantinedTenants: {},
  killedTasks: {},
  revokedPasses: {},
  hostOverrides: [],
};

/** One change asked for. `for` is a duration in ms after which it returns by itself. */
export type ControlAction =
  | { readonly do: 'category.block'; readonly category: string }
  | { readonly do: 'category.unblock'; readonly category: string }
  | { readonly do: 'capability.revoke'; readonly capability: string }
  | { readonly do: 'capability.restore'; readonly capability: string }
  | { readonly do: 'tenant.quarantine'; readonly tenant: string }
  | { readonly do: 'tenant.release'; readonly tenant: string }
  | { readonly do: 'task.kill'; readonly task: string; readonly tenant: string | null }
  | { readonly do: 'pass.revoke'; readonly pass: string }
  | { readonly do: 'host.allow'; readonly host: string; readonly tenant: string | null }
  | { readonly do: 'host.deny'; readonly host: string; readonly tenant: string | null }
  | { readonly do: 'host.clear'; readonly host: string; readonly tenant: string | null };

/**
 * The name under which a kill is marked: `acme/nightly`, or `nightly` alone where it holds for every tenant, as all did
 * once. Tenants choose ids as they like, so that two may have one. Neither name has a slash.
 */
export function killName({ task, tenant }: { readonly task: string; readonly tenant: string | null }): string {
  return tenant === null ? task : `${tenant}/${task}`;
}

/** Whose task a mark's name is of; `tenant` null: every tenant's. */
export function killedOf(name: string): { readonly task: string; readonly tenant: string | null } {
  const slash = name.indexOf('/');
  return slash < 0 ? { task: name, tenant: null } : { task: name.slice(slash + 1), tenant: name.slice(0, slash) };
}

/** What time did: marks of killed tasks and revoked passes are forgotten once they are over. */
export interface MarksForgotten {
  readonly do: 'marks.forget';
}

/** What a person did: an action, or the taking back of one. */
export type RecordedAction = ControlAction | { readonly do: 'control.undo'; readonly change: string };

/** What a member of a fleet did: it took over the hub's controls of `version`, several changes of them at once. */
export interface HubFollowed {
  readonly do: 'fleet.follow';
  readonly hub: string;
  readonly version: string;
}

/** What the record names as done, by people, by time and by the hub of a fleet. */
export type DoneAction = RecordedAction | MarksForgotten | HubFollowed;

/** What a change did: the operator's answer to "is it really cut?". */
export interface CutReceipt {
  readonly change: string;
  /** Controls version that is now in force. */
  readonly version: number;
  /** Facts that ended. */
  readonly facts: readonly Fact[];
  /** Flows alive on any lease when the change came. */
  readonly live: number;
  /** Flows that depended on an ended fact. */
  readonly dependants: number;
  /** Of those, how many were confirmed cut. */
  readonly cut: number;
  /** Ids of flows that depended and were not confirmed cut in time; never hidden. */
  readonly missed: readonly string[];
  /** Cached decisions that died. */
  readonly decisions: number;
  /** Milliseconds from the change to the last byte of the slowest flow cut. */
  readonly slowest_ms: number;
  /** At the hub of a fleet: what the members said; absent elsewhere, and in the record. */
  readonly fleet?: FleetConfirmation;
}

/** What became of a change at the members of a fleet, by the time that they were waited for. */
export interface FleetConfirmation {
  /** Members that the hub knows the keys of. */
  readonly members: number;
  /** Of those, how many have it in force. */
  readonly confirmed: number;
  /** How many hold no lease, and so deny everything. */
  readonly denying: number;
  /** Flows at all members that confirmed, as of `CutReceipt`. */
  readonly live: number;
  readonly dependants: number;
  readonly cut: number;
  readonly missed: number;
  /** Of the slowest member, by its own clock. */
  readonly slowest_ms: number;
  /** From the change at the hub to the last confirmation; null when none came. */
  readonly confirmed_ms: number | null;
  /** Members that did not confirm, and from when on (epoch ms) each denies everything at the latest. */
  readonly cut_off: readonly { readonly node: string; readonly denies_from: number }[];
}

/** A change that was asked for and is not in force: another person has to approve it. */
export interface AwaitsSecondPerson {
  /** Id of the request (`p…`), by which it is approved or rejected. */
  readonly pending: string;
  /** Epoch ms after which it can no longer be approved. */
  readonly until: number;
  readonly message: string;
}

/** Why a change is not in force: words for a person, or that it waits. */
export type NotChanged = string | AwaitsSecondPerson;

export function whyNotChanged(not: NotChanged): string {
  return typeof not === 'string' ? not : not.message;
}

/** The records of `Controls` whose keys are names. */
export const CONTROL_RECORDS = [
  'blockedCategories',
  'unblockedCategories',
  'revokedCapabilities',
  'quarantinedTenants',
  'killedTasks',
  'revokedPasses',
] as const;
export type ControlRecord = (typeof CONTROL_RECORDS)[number];

/** The exact difference between two states of controls: what a `control.changed` event keeps, so that replay can fold. */
export interface ControlPatch {
  /** `mark` null: the name was taken out. */
  readonly marks: readonly { readonly in: ControlRecord; readonly name: string; readonly mark: ControlMark | null }[];
  readonly overrides: { readonly removed: readonly HostOverride[]; readonly added: readonly HostOverride[] };
}

/** The mark of a name, whether or not it is in force. Names are others' (`constructor` is one): nothing inherited is a mark. */
export function markUnder(marks: Readonly<Record<string, ControlMark>>, name: string): ControlMark | null {
  return Object.hasOwn(marks, name) ? (marks[name] ?? null) : null;
}
