/** Fits the parts of the appliance to what the admin door needs. */

import type { AdminPorts, ApplianceView, Catalogue, FlowView, LiveView } from '../admin/ports.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import type { CutReceipt } from '../core/controls.ts';
import { parseHost } from '../core/host.ts';
import type { Flow } from '../core/ports.ts';
import { ok, type Result } from '../core/result.ts';
import type { LeaseIndex } from '../policy/lease-index.ts';
import type { FleetNode } from './fleet/fleet-node.ts';
import type { FleetRecords } from './fleet/fleet-records.ts';
import { recordsStatus } from './fleet/open-records.ts';
import type { TaskBook } from './task-book.ts';

export interface ViewParts {
  readonly control: ControlPlane;
  readonly leases: LeaseIndex;
  readonly tasks: TaskBook;
}

export function catalogueOf(control: ControlPlane): Catalogue {
  return {
    categories: () =>
      control.revision().categories.taxonomy.categories.map(({ id, name, description, risk, defaultBlocked }) => ({
        id,
        name,
        description,
        risk,
        defaultBlocked,
      })),
    standing: (text) => {
      const host = parseHost(text.replace(/^\*\./, ''));
      if (!host.ok) return null;
      const { categories, reasons } = control.revision().categories.index.explain(host.value);
      const sources = reasons.map((reason) => ({
        category: reason.category,
        list: reason.list?.name ?? reason.by,
        file: reason.list?.file ?? null,
        line: reason.line,
      }));
      return { host: host.value.name, categories: [...categories], sources };
    },
    capabilities: () => {
      const { capabilities, profiles } = control.current().bundle;
      return [...capabilities.values()].map((capability) => ({
        name: capability.name,
        description: capability.description,
        owner: capability.owner,
        risk: capability.risk,
        version: String(capability.version),
        digest: capability.digest,
        profiles: [...profiles.values()].filter((p) => p.capabilities.includes(capability.name)).map((p) => p.name),
      }));
    },
    profiles: () => profilesOf(control),
  };
}

function profilesOf(control: ControlPlane): ReturnType<Catalogue['profiles']> {
  const { profiles, classes } = control.current().bundle;
  return [...profiles.values()].map(({ name, version, owner, description, digest, file, ...rest }) => ({
    ...{ name, version, owner, description, digest, file, capabilities: [...rest.capabilities] },
    classes: [...classes.byName.values()].filter((one) => one.profiles.includes(name)).map((one) => one.name),
    limits: { ...rest.limits },
    guard: {
      request: rest.guard.request,
      result: rest.guard.result,
      min_likelihood: rest.guard.minLikelihood,
      unscannable: rest.guard.unscannable,
      ignore: [...rest.guard.ignore],
    },
    record_paths: rest.recordPaths,
  }));
}

export function liveView({ leases, tasks }: ViewParts): LiveView {
  return {
    flows: () => leases.live().map(({ flow }) => viewOf(flow)),
    dependants: (fact) => leases.dependants([{ facts: [fact], tenant: null }]).map(({ flow }) => viewOf(flow)),
    tasks: () => tasks.live(),
    named: (task) => tasks.named(task),
  };
}

function viewOf({ id, kind, task, tenant, host, since }: Flow): FlowView {
  return { id, kind, task, tenant, host, since };
}

function changesOf(control: ControlPlane): ReturnType<AdminPorts['control']['changes']> {
  const { changes, pending } = control.changes();
  return {
    version: control.current().controls.version,
    changes: changes.map((entry) => {
      const { change, action, by, why, at, until, approvedBy: approved_by } = entry;
      return { change, action, by, why, at, until, approved_by, stands: control.canUndo(entry) };
    }),
    pending: pending.map(({ forMs: for_ms, ...row }) => ({ ...row, for_ms })),
  };
}

export interface PortParts extends ViewParts {
  readonly passes: AdminPorts['passes'];
  readonly policy: AdminPorts['policy'];
  readonly rules: AdminPorts['rules'];
  readonly record: AdminPorts['record'];
  readonly appliance: ApplianceView;
  readonly fleet: FleetNode | null;
  readonly records: FleetRecords | null;
}

/** A receipt of the hub of a fleet says what its members did. */
function confirmed(parts: PortParts) {
  return async <E>(outcome: Result<CutReceipt, E>): Promise<Result<CutReceipt, E>> => {
    const fleet = outcome.ok ? await parts.fleet?.confirmed() : null;
    return outcome.ok && fleet ? ok({ ...outcome.value, fleet }) : outcome;
  };
}

export function adminPorts(parts: PortParts): AdminPorts {
  const { control, passes, policy, rules, record, appliance, fleet, records } = parts;
  const withFleet = confirmed(parts);
  return {
    control: {
      apply: async (order) => withFleet(await control.apply(order)),
      undo: async (change, by) => withFleet(await control.undo(change, by)),
      approve: async (pending, by) => withFleet(await control.approve(pending, by)),
      reject: (pending, by) => control.reject(pending, by),
      changes: () => changesOf(control),
    },
    controls: () => control.current().controls,
    catalogue: catalogueOf(control),
    live: liveView(parts),
    passes,
    policy,
    rules,
    record,
    appliance,
    fleet: fleet && {
      status: () => ({ ...fleet.status(), ...recordsStatus(records) }),
      follow: (epoch) => fleet.agree(epoch),
    },
  };
}
