/** Lists that put together what exists, what operators changed and what lives now. */

import type { ControlMark } from '../core/controls.ts';
import { fact } from '../core/fact.ts';
import type { AnswerOf } from './contract.ts';
import type { AdminPorts } from './ports.ts';

export function categories(ports: AdminPorts): AnswerOf<'categoryList'> {
  const controls = ports.controls();
  const rows = ports.catalogue.categories().map(({ defaultBlocked, ...category }) => {
    const blocked = controls.blockedCategories[category.id] ?? null;
    const unblocked = controls.unblockedCategories[category.id] ?? null;
    return {
      ...category,
      blocked: blocked !== null || (defaultBlocked && unblocked === null),
      by_default: defaultBlocked && blocked === null && unblocked === null,
      mark: blocked ?? unblocked,
    };
  });
  return { version: controls.version, categories: rows };
}

export function standing(ports: AdminPorts, host: string): AnswerOf<'categoryLookup'> | null {
  const found = ports.catalogue.standing(host);
  if (!found) return null;
  const blocked = new Set(
    categories(ports)
      .categories.filter((c) => c.blocked)
      .map((c) => c.id),
  );
  const covers = (pattern: string) =>
    pattern === found.host || (pattern.startsWith('*.') && found.host.endsWith(pattern.slice(1)));
  return {
    ...found,
    blocked_by: found.categories.filter((id) => blocked.has(id)),
    overrides: ports
      .controls()
      .hostOverrides.filter((o) => covers(o.host))
      .map(({ effect, host: named, tenant }) => ({ effect, host: named, tenant })),
  };
}

export function capabilities(ports: AdminPorts): AnswerOf<'capabilityList'> {
  const controls = ports.controls();
  const rows = ports.catalogue
    .capabilities()
    .map((capability) => ({ ...capability, revoked: controls.revokedCapabilities[capability.name] ?? null }));
  return { version: controls.version, capabilities: rows };
}

export function tenants(ports: AdminPorts): AnswerOf<'tenantList'> {
  const { quarantinedTenants, version } = ports.controls();
  const [flows, tasksNow] = [ports.live.flows(), ports.live.tasks()];
  const names = new Set([
    ...flows.map((flow) => flow.tenant),
    ...tasksNow.map((task) => task.tenant),
    ...Object.keys(quarantinedTenants),
  ]);
  const rows = [...names].sort().map((name) => ({
    name,
    flows: flows.filter((flow) => flow.tenant === name).length,
    tasks: tasksNow.filter((task) => task.tenant === name).length,
    quarantined: quarantinedTenants[name] ?? null,
  }));
  return { version, tenants: rows };
}

export function tasks(ports: AdminPorts): AnswerOf<'taskList'> {
  const { killedTasks, version } = ports.controls();
  const flows = ports.live.flows();
  const live = ports.live.tasks().map((task) => ({
    ...task,
    flows: flows.filter((flow) => flow.task === task.id).length,
    killed: killedTasks[task.id] ?? null,
  }));
  const known = new Set(live.map((task) => task.id));
  const killed = Object.entries(killedTasks).filter(([id]) => !known.has(id));
  return { version, tasks: [...live, ...killed.map(([id, mark]) => bareTask(id, mark))] };
}

type Task = AnswerOf<'taskList'>['tasks'][number];

/** A task of which only its id is known. */
function bareTask(id: string, killed: ControlMark | null): Task {
  const since = killed?.at ?? 0;
  return { id, tenant: '', class: '', profile: '', kind: 'sandbox', since, flows: 0, killed };
}

/** A task that lives no more, as its admission recorded it; null when the record holds nothing of it. */
export function pastTask(id: string, events: AnswerOf<'auditQuery'>['events']): Task | null {
  if (events.length === 0) return null;
  const admitted = events.find(({ event }) => event['type'] === 'task.admitted')?.event ?? {};
  const text = (key: string) => String(admitted[key] ?? '');
  const time = Date.parse(text('time'));
  return {
    ...bareTask(id, null),
    tenant: String(events[0]?.event['tenant'] ?? ''),
    class: text('class'),
    profile: text('profile'),
    kind: admitted['kind'] === 'isolate' ? 'isolate' : 'sandbox',
    since: Number.isNaN(time) ? 0 : time,
  };
}

const DAY_MS = 86_400_000;
const PAGE = 1000;
/** Allows that one preview reads at most: a second or two. */
const MOST_READ = 100_000;
const MOST_LISTED = 1000;

type Recorded = AnswerOf<'auditQuery'>['events'][number];

/** What blocking it would do: what hangs on it now, and what it allowed in the 24 hours before `now`. */
export async function preview(ports: AdminPorts, category: string, now: number): Promise<AnswerOf<'categoryPreview'>> {
  const flows = ports.live.dependants(fact('category', category));
  const { events, complete } = await allowsOf(ports, category, now - DAY_MS);
  return {
    category,
    live_flows: flows.length,
    tasks: unique(flows.map((flow) => flow.task)),
    tenants: unique(flows.map((flow) => flow.tenant)),
    hosts: unique(flows.map((flow) => flow.host)),
    flows: flows.slice(0, MOST_LISTED),
    allowed_last_day: events.length,
    tasks_last_day: unique(events.map(({ event }) => String(event['task']))),
    hosts_last_day: unique(events.map(hostOf)),
    complete,
  };
}

async function allowsOf(
  { record }: AdminPorts,
  category: string,
  since: number,
): Promise<{ readonly events: readonly Recorded[]; readonly complete: boolean }> {
  const events: Recorded[] = [];
  while (events.length < MOST_READ) {
    const last = events.at(-1);
    const older = last === undefined ? {} : { before: last.seq };
    const page = await record.query({ type: 'decision', effect: 'allow', category, since, limit: PAGE, ...older });
    events.push(...page);
    if (page.length < PAGE) return { events, complete: true };
  }
  return { events, complete: false };
}

function hostOf({ event }: Recorded): string {
  const input = event['input'] as { readonly host?: unknown } | undefined;
  return String(input?.host ?? '');
}

const unique = (values: readonly string[]): string[] => [...new Set(values)].sort().slice(0, MOST_LISTED);
