/** The appliance in one look: status, readiness, metrics and service levels. */

import type { ApplianceView } from '../admin/ports.ts';
import { serviceLevels } from '../telemetry/service-levels.ts';
import type { Core } from './open-core.ts';
import { LevelHistory } from './record/level-history.ts';
import type { ServedRecord } from './record/record-desk.ts';

export interface ViewState {
  readonly doors: () => readonly { readonly name: string; readonly address: string }[];
  readonly draining: () => boolean;
  /** Names of further parts that are not ready. */
  readonly missing: () => readonly string[];
}

export interface ServedView extends ApplianceView {
  close(): void;
}

export function applianceView(
  core: Core,
  state: ViewState,
  record: Pick<ServedRecord, 'figures' | 'figuresBySteps' | 'percentile'>,
): ServedView {
  const { config, control, guard, leases, tasks, audit, meter, version, clock } = core;
  const missing = () => {
    const parts = [...state.missing()];
    if (!audit.writable()) parts.push(`record (${audit.trouble() ?? 'unknown'})`);
    if (state.draining()) parts.push('draining');
    return parts;
  };
  const measure = () => {
    meter.set('locktender_build_info', 1, { version, runtime: process.version });
    for (const kind of ['tunnel', 'exchange', 'websocket', 'isolate'] as const) {
      meter.set('locktender_flows', leases.live().filter(({ flow }) => flow.kind === kind).length, { kind });
    }
    core.fleet?.measure();
    return meter.exposition();
  };
  const history = new LevelHistory({
    levels: (figures) => serviceLevels(figures, meter),
    percentile: record.percentile,
    now: () => clock.now(),
  });
  return {
    version,
    now: () => clock.now(),
    status: () => ({
      node: config.node,
      version,
      started_at: core.startedAt,
      ready: missing().length === 0,
      bundle: control.current().bundle.digest,
      rules: guard.current().digest,
      category_index: control.current().categories.digest,
      controls: control.current().controls.version,
      waiting: control.changes().pending.length,
      doors: state.doors().map((door) => ({ ...door })),
      flows: leases.live().length,
      tasks: tasks.live().length,
      entries: audit.head.size,
      recording: audit.writable(),
    }),
    slo: async (windowMs) => {
      const to = clock.now();
      const from = to - windowMs;
      return { from, to, levels: serviceLevels(await record.figures(from), meter) };
    },
    sloHistory: async (windowMs, points) => {
      const to = clock.now();
      const from = to - windowMs;
      const step = LevelHistory.stepOf(windowMs, points);
      const series = history.series({ from, to, step }, await record.figuresBySteps(from, to, step));
      return { from, to, step_ms: step, series };
    },
    close: () => history.close(),
    caPem: () => core.authority.pem,
    metrics: measure,
    missing,
  };
}
