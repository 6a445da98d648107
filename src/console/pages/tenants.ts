/** Tenants: who works now, and isolating one without touching another. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, button, h, link } from '../dom.ts';
import { count, moment, plural } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { change } from '../parts/change.ts';
import { pageHead, stat } from '../parts/layout.ts';
import { showReceipt } from '../parts/receipt.ts';
import { row, table } from '../parts/table.ts';

type Tenant = AnswerOf<'tenantList'>['tenants'][number];

export const tenants: Page = {
  path: '/console/tenants',
  title: 'Tenants',
  group: 'Control',
  key: 'n',
  show: (context) => draw(context),
};

async function draw(context: PageContext): Promise<void> {
  const { tenants: all, version } = await ask<'tenantList'>('/v1/tenants');
  const chosen = context.query.get('tenant');
  const isolated = all.filter((one) => one.quarantined !== null).length;
  context.place.replaceChildren(
    pageHead('Tenants', `${plural(all.length, 'tenant')} with live work or a quarantine; ${isolated} quarantined.`),
    table({
      caption: 'Tenants that work now, or are quarantined',
      columns: ['Tenant', 'State', { head: 'Tasks', number: true }, { head: 'Flows', number: true }, ''],
      rows: all.map((one) => rowOf(one, version, context)),
      empty: {
        title: 'Nobody works now',
        text: 'A tenant appears with its first pass: locktender pass issue --tenant acme --env',
      },
    }),
  );
  if (chosen !== null) context.place.append(...(await detail(chosen, context)));
}

function rowOf(one: Tenant, version: number, context: PageContext): HTMLTableRowElement {
  const { name, quarantined } = one;
  const what = quarantined === null ? 'quarantine' : 'release';
  return row(
    link(`/console/tenants?tenant=${encodeURIComponent(name)}`, name),
    quarantined === null
      ? badge('good', 'free')
      : h(
          'div',
          {},
          badge('bad', 'quarantined', 'lock'),
          h(
            'div',
            { class: 'sub' },
            `${quarantined.by}: ${quarantined.why}`,
            quarantined.until !== null && ' · returns ',
            quarantined.until !== null && moment(quarantined.until),
          ),
        ),
    { number: count(one.tasks) },
    { number: count(one.flows) },
    h(
      'div',
      { class: 'acts' },
      context.may(what === 'quarantine' ? 'tenantQuarantine' : 'tenantRelease') &&
        button(what === 'quarantine' ? 'Quarantine …' : 'Release …', () => void act(context, { name, what, version }), {
          class: what === 'quarantine' ? 'danger' : '',
          'aria-label': `${what === 'quarantine' ? 'Quarantine' : 'Release'} ${name}`,
        }),
    ),
  );
}

async function act(
  context: PageContext,
  { name, what, version }: { name: string; what: 'quarantine' | 'release'; version: number },
): Promise<void> {
  const done = await change({
    title: `${what === 'quarantine' ? 'Quarantine' : 'Release'} ${name}`,
    path: `/v1/tenants/${encodeURIComponent(name)}/${what}`,
    act: what === 'quarantine' ? 'Quarantine now' : 'Release',
    danger: what === 'quarantine',
    timed: what === 'quarantine',
    preview: { kind: 'tenant', name },
    ...(what === 'quarantine' ? { confirm: name } : { seen: version }),
  });
  if (done === null) return;
  await draw(context);
  const title = what === 'quarantine' ? `${name} is quarantined` : `${name} is released`;
  showReceipt(context.place, {
    title,
    ...done,
    undone: context.may('controlUndo') ? () => draw(context) : undefined,
  });
}

async function detail(name: string, context: PageContext): Promise<HTMLElement[]> {
  const [seen, { tasks }, { flows }] = await Promise.all([
    ask<'preview'>(`/v1/preview/tenant/${encodeURIComponent(name)}`),
    ask<'taskList'>('/v1/tasks'),
    ask<'flows'>('/v1/flows', { query: { tenant: name } }),
  ]);
  const own = tasks.filter(({ tenant }) => tenant === name);
  const taskRows = own.map((one) =>
    row(
      link(`/console/tasks?task=${encodeURIComponent(one.id)}&tenant=${encodeURIComponent(name)}`, one.id),
      one.class,
      one.profile,
      one.kind,
      moment(one.since),
      { number: count(one.flows) },
    ),
  );
  const flowRows = flows
    .slice(0, 200)
    .map((one) =>
      row(
        h('code', {}, one.host),
        one.kind,
        link(`/console/tasks?task=${encodeURIComponent(one.task)}&tenant=${encodeURIComponent(name)}`, one.task),
        moment(one.since),
      ),
    );
  const record = context.may('auditQuery')
    ? link(`/console/record?tenant=${encodeURIComponent(name)}`, 'Its entries in the record')
    : null;
  return [
    h('h2', {}, name),
    h(
      'div',
      { class: 'stats' },
      stat('Live flows', count(seen.live_flows)),
      stat('Allowed, 24 hours', count(seen.allowed_last_day)),
      stat('Denied, 24 hours', count(seen.denied_last_day)),
      stat('Hosts, 24 hours', count(seen.hosts_last_day.length)),
    ),
    h(
      'p',
      {},
      link(`/console?q=${encodeURIComponent(`tenant:${name}`)}`, 'Its decisions, live'),
      record === null ? '' : ' · ',
      record,
    ),
    table({
      caption: `Tasks of ${name}`,
      columns: ['Task', 'Class', 'Profile', 'Kind', 'Since', { head: 'Flows', number: true }],
      rows: taskRows,
      empty: { title: 'No task lives now' },
    }),
    table({
      caption: `Live flows of ${name}`,
      columns: ['Host', 'Kind', 'Task', 'Since'],
      rows: flowRows,
      empty: { title: 'No flow is live now' },
    }),
  ];
}
