/** The switches that cut, on one page that asks for nothing before it is there. */

import type { AnswerOf, RouteId } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { h } from '../dom.ts';
import type { Page, PageContext } from '../page.ts';
import { change } from '../parts/change.ts';
import { field, pageHead } from '../parts/layout.ts';
import type { Subject } from '../parts/preview.ts';
import { showReceipt } from '../parts/receipt.ts';
import { showStanding } from '../parts/standing.ts';

interface Switch {
  readonly title: string;
  readonly label: string;
  readonly text: string;
  readonly path: (name: string) => string;
  readonly act: string;
  readonly confirm: boolean;
  readonly kind: Subject | null;
  readonly route: RouteId;
  readonly example: string;
}

const SWITCHES: readonly Switch[] = [
  {
    title: 'Block a category',
    label: 'Category',
    text: 'Nothing reaches its hosts; what does is cut.',
    path: (n) => `/v1/categories/${n}/block`,
    act: 'Block',
    confirm: false,
    kind: 'category',
    route: 'categoryBlock',
    example: 'paste-sites',
  },
  {
    title: 'Deny a host',
    label: 'Host',
    text: 'For every tenant, whatever grants it.',
    path: (n) => `/v1/hosts/${n}/deny`,
    act: 'Deny',
    confirm: false,
    kind: 'host',
    route: 'hostDeny',
    example: 'api.example.net or *.example.net',
  },
  {
    title: 'Kill a task',
    label: 'Task',
    text: 'Its isolate ends, its flows are cut, its pass is dead. Where several tenants have one of this id: tenant/id.',
    path: (n) => `/v1/tasks/${n}/kill`,
    act: 'Kill',
    confirm: false,
    kind: 'task',
    route: 'taskKill',
    example: 't_…',
  },
  {
    title: 'Quarantine a tenant',
    label: 'Tenant',
    text: 'Nothing of it leaves; other tenants go on.',
    path: (n) => `/v1/tenants/${n}/quarantine`,
    act: 'Quarantine',
    confirm: true,
    kind: 'tenant',
    route: 'tenantQuarantine',
    example: 'acme',
  },
  {
    title: 'Revoke a capability',
    label: 'Capability',
    text: 'Everywhere, for every tenant.',
    path: (n) => `/v1/capabilities/${n}/revoke`,
    act: 'Revoke',
    confirm: true,
    kind: 'capability',
    route: 'capabilityRevoke',
    example: 'net.read.public',
  },
  {
    title: 'Revoke a pass',
    label: 'Pass',
    text: 'By its id; other passes of the task go on.',
    path: (n) => `/v1/passes/${n}/revoke`,
    act: 'Revoke',
    confirm: false,
    kind: null,
    route: 'passRevoke',
    example: 'p_…',
  },
];

const focusSwitch = (i: number) => () =>
  document.querySelector<HTMLInputElement>(`main [data-switch="${i}"] input`)?.focus();

export const emergency: Page = {
  path: '/console/emergency',
  title: 'Emergency',
  group: '',
  key: 'e',
  keys: Object.fromEntries(SWITCHES.map((_, i) => [String(i + 1), focusSwitch(i + 1)])),
  show: (context) => {
    const standing = h('div');
    context.place.replaceChildren(
      pageHead(
        'Emergency',
        'Each switch cuts at once and answers with a receipt. Keys 1 to 6 go to a switch. Nothing here waits for the rest.',
      ),
      h('div', { class: 'grid' }, ...SWITCHES.map((one, i) => card(one, i + 1, context))),
      h('h2', {}, 'What stands now'),
      standing,
    );
    // Neither the list nor the names are needed to cut: when they do not come, the switches are there all the same.
    void showStanding(standing, context);
    void suggest();
  },
};

function card(one: Switch, n: number, context: PageContext): HTMLElement {
  const allowed = context.may(one.route);
  const name = h('input', {
    name: one.label.toLowerCase(),
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: one.example,
    list: `names-${one.kind ?? 'pass'}`,
    disabled: !allowed,
  });
  const go = async () => {
    // Pasted names bring spaces along.
    const subject = name.value.trim();
    const { name: id, tenant } = named(one, subject);
    const done = await change({
      title: `${one.act} ${subject}`,
      path: one.path(encodeURIComponent(id)),
      act: `${one.act} now`,
      danger: true,
      timed: one.kind !== 'task',
      ...(one.kind === null ? {} : { preview: { kind: one.kind, name: id, tenant } }),
      ...(tenant && { more: { tenant } }),
      ...(one.confirm ? { confirm: subject } : {}),
    });
    if (done === null) return;
    showReceipt(context.place, {
      title: `${one.title}: ${subject}`,
      ...done,
      undone: context.may('controlUndo') ? () => undefined : undefined,
    });
    const standing = context.place.querySelector<HTMLElement>('[data-standing]')?.parentElement;
    name.value = '';
    if (standing) void showStanding(standing, context);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void go();
  };
  return h(
    'form',
    { class: 'card switch', 'data-switch': n, submit },
    h('h2', {}, h('kbd', { 'aria-hidden': 'true' }, String(n)), one.title),
    h('p', { class: 'soft' }, one.text),
    field(one.label, name),
    h('datalist', { id: `names-${one.kind ?? 'pass'}` }),
    allowed
      ? h('button', { type: 'submit', class: 'danger solid' }, `${one.act} …`)
      : h('p', { class: 'soft' }, `Your role, ${context.me.role}, may not.`),
  );
}

/** A task may be said as `tenant/id`; neither has a slash. */
function named({ kind }: Switch, subject: string): { name: string; tenant?: string } {
  const slash = kind === 'task' ? subject.indexOf('/') : -1;
  return slash < 0 ? { name: subject } : { name: subject.slice(slash + 1), tenant: subject.slice(0, slash) };
}

/** With the tenant, where several have one of that id. */
function suggestedTasks(all: AnswerOf<'taskList'>['tasks']): readonly string[] {
  const times = new Map<string, number>();
  for (const { id } of all) times.set(id, (times.get(id) ?? 0) + 1);
  return all.slice(-200).map(({ id, tenant }) => (times.get(id) === 1 || tenant === '' ? id : `${tenant}/${id}`));
}

async function suggest(): Promise<void> {
  const fill = (kind: string, names: readonly string[]) =>
    document.getElementById(`names-${kind}`)?.replaceChildren(...names.map((name) => h('option', { value: name })));
  const [categories, tenants, tasks, capabilities] = await Promise.all([
    ask<'categoryList'>('/v1/categories').catch(() => null),
    ask<'tenantList'>('/v1/tenants').catch(() => null),
    ask<'taskList'>('/v1/tasks').catch(() => null),
    ask<'capabilityList'>('/v1/capabilities').catch(() => null),
  ]);
  fill('category', categories?.categories.map(({ id }) => id) ?? []);
  fill('tenant', tenants?.tenants.map(({ name }) => name) ?? []);
  fill('task', suggestedTasks(tasks?.tasks ?? []));
  fill('capability', capabilities?.capabilities.map(({ name }) => name) ?? []);
}
