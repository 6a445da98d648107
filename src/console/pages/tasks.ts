/** Tenants and tasks: who works now, what a task did, and the way to stop either. */

import { ask } from '../api.ts';
import { change, showReceipt } from '../change.ts';
import { cells, h, hostOf, moment, table, verdict } from '../dom.ts';
import type { Page, PageContext } from '../page.ts';

export const tasks: Page = {
  path: '/console/tasks',
  title: 'Tenants and tasks',
  key: 't',
  show: async (context) => {
    const { place, query } = context;
    place.replaceChildren(h('h2', {}, 'Tenants and tasks'), h('p', { class: 'soft' }, 'Loading …'));
    const chosen = query.get('task');
    const [{ tenants }, { tasks: all }] = await Promise.all([
      ask<'tenantList'>('/v1/tenants'),
      ask<'taskList'>('/v1/tasks'),
    ]);
    const tenantRows = tenants.map((one) =>
      cells(
        one.name,
        String(one.tasks),
        String(one.flows),
        one.quarantined
          ? h('span', { class: 'bad' }, `✕ quarantined: ${one.quarantined.why}`)
          : h('span', { class: 'good' }, '✓ free'),
        one.quarantined
          ? h(
              'button',
              { type: 'button', click: () => act(context, 'tenants', one.name, 'release') },
              `Release ${one.name}`,
            )
          : h(
              'button',
              { type: 'button', class: 'danger', click: () => act(context, 'tenants', one.name, 'quarantine') },
              `Quarantine ${one.name}`,
            ),
      ),
    );
    const taskRows = all.map((one) =>
      cells(
        h('a', { href: `/console/tasks?task=${encodeURIComponent(one.id)}` }, one.id),
        one.tenant,
        `${one.class} / ${one.profile}`,
        one.kind,
        moment(one.since),
        String(one.flows),
        one.killed
          ? h('span', { class: 'bad' }, '✕ killed')
          : h(
              'button',
              { type: 'button', class: 'danger', click: () => act(context, 'tasks', one.id, 'kill') },
              `Kill ${one.id}`,
            ),
      ),
    );
    place.replaceChildren(
      h('h2', {}, 'Tenants and tasks'),
      table('Tenants', ['Tenant', 'Tasks', 'Flows', 'State', 'Act'], tenantRows),
      table(
        'Tasks that live now or were killed',
        ['Task', 'Tenant', 'Class / profile', 'Kind', 'Since', 'Flows', 'Act'],
        taskRows,
      ),
    );
    if (chosen !== null) await walk(place, chosen);
  },
};

async function walk(place: Element, id: string): Promise<void> {
  const { events } = await ask<'taskShow'>(`/v1/tasks/${encodeURIComponent(id)}`);
  const rows = events.map(({ seq, event }) =>
    cells(
      String(seq),
      moment(String(event['time'])),
      String(event['type']),
      typeof event['effect'] === 'string' ? verdict(event['effect']) : '',
      [event['reason'], hostOf(event), event['status'], event['cause']]
        .filter((part) => typeof part === 'string')
        .join(' · '),
    ),
  );
  place.append(
    h('h3', {}, `What ${id} did`),
    table('Its events, newest first', ['Entry', 'Time', 'Event', 'Effect', 'What'], rows),
  );
}

async function act(context: PageContext, of: 'tenants' | 'tasks', name: string, what: string): Promise<void> {
  const receipt = await change({
    title: `${what} ${name}`,
    path: `/v1/${of}/${encodeURIComponent(name)}/${what}`,
    act: `${what} now`,
    danger: what !== 'release',
    timed: what === 'quarantine',
    ...(what === 'quarantine' ? { confirm: name } : {}),
  });
  if (receipt === null) return;
  await tasks.show(context);
  showReceipt(context.place, `${name}: ${what}`, receipt);
}
