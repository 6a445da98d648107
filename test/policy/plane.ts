/** A real control plane over real files, with a clock that tests turn, and the record in memory. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCategories } from '../../src/categories/load-lists.ts';
import { ControlPlane } from '../../src/control/control-plane.ts';
import type { TwoPersonRule } from '../../src/control/pending-controls.ts';
import type { ControlAction } from '../../src/core/controls.ts';
import type { EventBody } from '../../src/core/event.ts';
import type { AuditSink, Clock, Flow } from '../../src/core/ports.ts';
import { createDecider } from '../../src/policy/decider.ts';
import { LeaseIndex } from '../../src/policy/lease-index.ts';
import { openBundleStore } from '../../src/store/bundle-store.ts';
import { openDocuments } from '../../src/store/documents.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { FaultyFiles } from '../record/faulty-files.ts';
import { filesBelow, NOW, need, request, sha256, shippedBundle } from './fixture.ts';

export interface Plane {
  readonly control: ControlPlane;
  readonly leases: LeaseIndex;
  readonly decider: ReturnType<typeof createDecider>;
  /** What was recorded, oldest first, over restarts. */
  readonly events: EventBody[];
  /** Ids of flows that were cut. */
  readonly cut: string[];
  /** The log takes nothing while this is set. */
  readonly record: { broken: boolean };
  /** Of the controls, where a step can be made to fail. */
  readonly files: FaultyFiles;
  /** `elapsed` goes on without it. */
  clock: { now: number; elapsed: number };
  act(action: ControlAction, over?: { by?: string; forMs?: number | null }): ReturnType<ControlPlane['apply']>;
  /** Holds a flow on a decision about a URL; its effect. */
  open(id: string, url: string, over?: Parameters<typeof request>[2]): 'allow' | 'deny';
  /** Like a crash and a start: all that is known is what is on disk. */
  restart(): Promise<Plane>;
  remove(): Promise<void>;
}

let categories: ReturnType<typeof loaded> | null = null;
const loaded = () => need(loadCategories({ files: filesBelow('categories'), sha256 }));

export function shippedRevision() {
  categories ??= loaded();
  return { bundle: shippedBundle(), categories };
}

export async function plane(twoPerson?: TwoPersonRule, events: EventBody[] = []): Promise<Plane> {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-plane-'));
  return startPlane({
    dir,
    twoPerson,
    events,
    cut: [],
    record: { broken: false },
    files: new FaultyFiles(),
    clock: { now: NOW, elapsed: 0 },
  });
}

interface Kept {
  readonly dir: string;
  readonly twoPerson: TwoPersonRule | undefined;
  readonly events: EventBody[];
  readonly cut: string[];
  readonly record: { broken: boolean };
  readonly files: FaultyFiles;
  readonly clock: { now: number; elapsed: number };
}

async function startPlane(kept: Kept): Promise<Plane> {
  const { dir, twoPerson, events, cut, record, files, clock } = kept;
  const time: Clock = { now: () => clock.now, monotonic: () => performance.now() + clock.elapsed };
  const control = new ControlPlane({
    revision: shippedRevision(),
    documents: openDocuments(dir, files),
    bundles: openBundleStore(dir),
    audit: memory(events, record),
    clock: time,
    log: createLog({ level: 'silent' }),
    meter: createMetrics(),
    ...(twoPerson === undefined ? {} : { twoPerson }),
  });
  const leases = new LeaseIndex({ source: control, now: time.now });
  await control.start(leases);
  const decider = createDecider({ source: control, leases });
  return {
    ...{ control, leases, decider, events, cut, record, files, clock },
    act: (action, { by = 'ann', forMs = null } = {}) => control.apply({ action, by, why: 'test', forMs }),
    open: (id, url, over = {}) => {
      const asked = request('GET', url, { now: clock.now, ...over });
      const decision = decider.decide(asked);
      if (decision.effect === 'deny') return 'deny';
      return leases.hold(flowOf(id, asked, cut), decision.facts, asked) ? 'allow' : 'deny';
    },
    restart: async () => {
      await control.stop();
      return startPlane(kept);
    },
    remove: async () => {
      await control.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function flowOf(id: string, { principal, target }: ReturnType<typeof request>, cut: string[]): Flow {
  const { task = '', tenant = '' } = principal ?? {};
  const end = async () => void cut.push(id);
  return { id, kind: 'tunnel', task, tenant, host: target.host.name, since: 0, cut: end };
}

function memory(events: EventBody[], record: { readonly broken: boolean }): AuditSink {
  return {
    writable: () => !record.broken,
    record: async (event) => {
      if (record.broken) throw new Error('no space');
      events.push(structuredClone(event));
      return { seq: events.length - 1 };
    },
  } as AuditSink;
}
