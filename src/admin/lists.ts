/** Lists that put together what exists, what operators changed and what lives now. */

import { type ControlMark, type Controls, killedOf, killName, markUnder } from '../core/controls.ts';
import { fact } from '../core/fact.ts';
import type { AnswerOf, InputOf } from './contract.ts';
import type { AdminPorts } from './ports.ts';

export function categories(ports: AdminPorts): AnswerOf<'categoryList'> {
  const controls = ports.controls();
  const rows = ports.catalogue.categories().map(({ defaultBlocked, ...category }) => {
    const blocked = markUnder(controls.blockedCategories, category.id);
    const unblocked = markUnder(controls.unblockedCategories, category.id);
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
    .map((capability) => ({ ...capability, revoked: markUnder(controls.revokedCapabilities, capability.name) }));
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
    quarantined: markUnder(quarantinedTenants, name),
  }));
  return { version, tenants: rows };
}

export function tasks(ports: AdminPorts): AnswerOf<'taskList'> {
  const { killedTasks, version } = ports.controls();
  const flows = ports.live.flows();
  const live = ports.live.tasks().map((task) => ({
    ...task,
    flows: flows.filter((flow) => flow.task === task.id && flow.tenant === task.tenant).length,
    killed: killOf(killedTasks, task.id, task.tenant),
  }));
  const known = new Set(live.flatMap(({ id, tenant }) => [id, killName({ task: id, tenant })]));
  const killed = Object.entries(killedTasks).filter(([name]) => !known.has(name));
  return { version, tasks: [...live, ...killed.map(([name, mark]) => bareTask(killedOf(name), mark))] };
}

/** Its tenant's own, or that of every tenant. */
function killOf(marks: Controls['killedTasks'], task: string, tenant: string): ControlMark | null {
  return markUnder(marks, killName({ task, tenant })) ?? markUnder(marks, task);
}

/** Tenants that somebody may mean who says the id alone: those whose task of it lives and, where all are killed, those. */
export function tenantsWith(ports: AdminPorts, task: string): readonly string[] {
  const { killedTasks } = ports.controls();
  const all = unique(
    [...ports.live.named(task), ...ports.live.dependants(fact('task', task))].map((one) => one.tenant),
  );
  const open = all.filter((tenant) => killOf(killedTasks, task, tenant) === null);
  return open.length > 0 ? open : all;
}

/** Whose task of an id may be meant: those that live or were killed, else those that the record tells of. */
export async function tenantsOf(ports: AdminPorts, task: string): Promise<readonly string[]> {
  const live = tasks(ports).tasks.filter(({ id, tenant }) => id === task && tenant !== '');
  return live.length > 0 ? unique(live.map(({ tenant }) => tenant)) : (await ports.record.summary({ task })).tenants;
}

type Task = AnswerOf<'taskList'>['tasks'][number];

/** A task of which only its id is known, and perhaps whose it is. */
function bareTask({ task: id, tenant }: ReturnType<typeof killedOf>, killed: ControlMark | null): Task {
  const since = killed?.at ?? 0;
  return { id, tenant: tenant ?? '', class: '', profile: '', kind: 'sandbox', since, flows: 0, killed };
}

const MOST_EVENTS = 200;

/** The latest events of a tenant's task, newest first, and the kills of its id that were of every tenant; all, without a tenant. */
export async function eventsOf(
  ports: AdminPorts,
  task: string,
  tenant = '',
): Promise<AnswerOf<'auditQuery'>['events']> {
  const query = { task, limit: MOST_EVENTS };
  if (tenant === '') return ports.record.query(query);
  const own = await ports.record.query({ ...query, tenant });
  const changes = await ports.record.query({ ...query, type: 'control.changed' });
  const all = changes.filter(({ event }) => event['tenant'] === null);
  return [...own, ...all].sort((a, b) => b.seq - a.seq).slice(0, MOST_EVENTS);
}

/** A task that lives no more, as its admission recorded it; null when the record holds nothing of it. */
export function pastTask(id: string, events: AnswerOf<'auditQuery'>['events']): Task | null {
  if (events.length === 0) return null;
  const admitted = events.find(({ event }) => event['type'] === 'task.admitted')?.event ?? {};
  const text = (key: string) => String(admitted[key] ?? '');
  const time = Date.parse(text('time'));
  return {
    ...bareTask({ task: id, tenant: String(events[0]?.event['tenant'] ?? '') }, null),
    class: text('class'),
    profile: text('profile'),
    kind: admitted['kind'] === 'isolate' ? 'isolate' : 'sandbox',
    since: Number.isNaN(time) ? 0 : time,
  };
}

/** Profiles, and who runs with each now. */
export function profiles(ports: AdminPorts): AnswerOf<'profileList'> {
  const live = ports.live.tasks();
  return {
    profiles: ports.catalogue.profiles().map((profile) => {
      const running = live.filter((task) => task.profile === profile.name);
      return { ...profile, tasks: running.length, tenants: unique(running.map((task) => task.tenant)) };
    }),
  };
}

const DAY_MS = 86_400_000;
const MOST_LISTED = 1000;

/** What blocking it would do: what hangs on it now, and what it allowed in the 24 hours before `now`. */
export async function preview(ports: AdminPorts, category: string, now: number): Promise<AnswerOf<'categoryPreview'>> {
  const seen = await hangsOn(ports, { kind: 'category', name: category }, now);
  const { live_flows, tasks: tasksNow, tenants: tenantsNow, hosts, flows, ...day } = seen;
  return {
    ...{ category, live_flows, tasks: tasksNow, tenants: tenantsNow, hosts, flows },
    allowed_last_day: day.allowed_last_day,
    tasks_last_day: day.tasks_last_day,
    hosts_last_day: day.hosts_last_day,
    complete: true,
  };
}

/** What hangs on something now, and what the 24 hours before `now` had of it. */
export async function hangsOn(
  ports: AdminPorts,
  { kind, name, tenant }: InputOf<'preview'>['params'] & InputOf<'preview'>['query'],
  now: number,
): Promise<AnswerOf<'preview'>> {
  const flows = dependantsOf(ports, kind, name).filter((flow) => tenant === undefined || flow.tenant === tenant);
  const day = { type: 'decision', ...(tenant && { tenant }), [kind]: name, since: now - DAY_MS } as const;
  const allowed = await ports.record.summary({ ...day, effect: 'allow' });
  const denied = await ports.record.summary({ ...day, effect: 'deny' });
  return {
    kind,
    name,
    live_flows: flows.length,
    flows: flows.slice(0, MOST_LISTED),
    tasks: unique(flows.map((flow) => flow.task)),
    tenants: unique(flows.map((flow) => flow.tenant)),
    hosts: unique(flows.map((flow) => flow.host)),
    allowed_last_day: allowed.count,
    denied_last_day: denied.count,
    tenants_last_day: [...allowed.tenants],
    tasks_last_day: [...allowed.tasks],
    hosts_last_day: [...allowed.hosts],
  };
}

function dependantsOf({ live }: AdminPorts, kind: InputOf<'preview'>['params']['kind'], name: string) {
  if (kind !== 'host') return live.dependants(fact(kind, name));
  const covers = (host: string) => host === name || (name.startsWith('*.') && host.endsWith(name.slice(1)));
  return live.flows().filter((flow) => covers(flow.host));
}

const unique = (values: readonly string[]): string[] => [...new Set(values)].sort().slice(0, MOST_LISTED);
