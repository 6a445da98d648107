/** Capabilities: which there are, who may and who does hold them, and taking one back everywhere. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, button, h, link, risk } from '../dom.ts';
import { count, short } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { change } from '../parts/change.ts';
import { pageHead } from '../parts/layout.ts';
import { showReceipt } from '../parts/receipt.ts';
import { row, table } from '../parts/table.ts';

type List = AnswerOf<'capabilityList'>;
type Capability = List['capabilities'][number];
type Profiles = AnswerOf<'profileList'>['profiles'];

let search: HTMLInputElement | null = null;

export const capabilities: Page = {
  path: '/console/capabilities',
  title: 'Capabilities',
  group: 'Control',
  key: 'a',
  keys: { '/': () => search?.focus() },
  show: async (context) => draw(context),
};

async function draw(context: PageContext): Promise<void> {
  const { query, setQuery } = context;
  const [all, { profiles }] = await Promise.all([
    ask<'capabilityList'>('/v1/capabilities'),
    ask<'profileList'>('/v1/profiles'),
  ]);
  const list = h('div');
  search = h('input', {
    type: 'search',
    name: 'q',
    value: query.get('q') ?? '',
    placeholder: 'name, owner or purpose',
    autocomplete: 'off',
  });
  const redraw = () => {
    const wanted = search?.value ?? '';
    setQuery('q', wanted);
    const fits = all.capabilities.filter((one) =>
      `${one.name} ${one.description} ${one.owner}`.toLowerCase().includes(wanted.toLowerCase()),
    );
    list.replaceChildren(
      table({
        caption: `${fits.length} of ${all.capabilities.length} capabilities`,
        columns: ['Capability', 'Risk', 'Held by profiles', { head: 'Tasks now', number: true }, 'State', ''],
        rows: fits.map((one) => rowOf(one, { profiles, version: all.version, context })),
        empty: { title: 'No capability fits' },
      }),
    );
  };
  search.addEventListener('input', redraw);
  const revoked = all.capabilities.filter((one) => one.revoked !== null).length;
  context.place.replaceChildren(
    pageHead(
      'Capabilities',
      `Named rights, each a file with an owner. ${revoked === 0 ? 'All are in force.' : `${revoked} revoked.`}`,
    ),
    h(
      'form',
      { class: 'toolbar', submit: (event: Event) => event.preventDefault() },
      h('label', { class: 'grow' }, h('span', { class: 'visually-hidden' }, 'Search capabilities'), search),
    ),
    list,
  );
  redraw();
}

function rowOf(
  one: Capability,
  { profiles, version, context }: { profiles: Profiles; version: number; context: PageContext },
): HTMLTableRowElement {
  const holding = profiles.filter(({ capabilities: held }) => held.includes(one.name));
  const tasks = holding.reduce((sum, profile) => sum + profile.tasks, 0);
  const what = one.revoked ? 'restore' : 'revoke';
  return row(
    h(
      'div',
      {},
      h('code', { class: 'strong' }, one.name),
      h('div', { class: 'sub' }, one.description),
      h('div', { class: 'sub' }, `owner ${one.owner} · version ${one.version} · ${short(one.digest)}`),
    ),
    risk(one.risk),
    h(
      'div',
      {},
      ...one.profiles.flatMap((name, i) => [i > 0 ? ', ' : null, link(`/console/profiles?profile=${name}`, name)]),
    ),
    { number: count(tasks) },
    one.revoked
      ? h(
          'div',
          {},
          badge('bad', 'revoked', 'lock'),
          h('div', { class: 'sub' }, `${one.revoked.by}: ${one.revoked.why}`),
        )
      : badge('good', 'in force'),
    h(
      'div',
      { class: 'acts' },
      context.may(what === 'revoke' ? 'capabilityRevoke' : 'capabilityRestore') &&
        button(
          what === 'revoke' ? 'Revoke …' : 'Restore …',
          () => void act(context, { name: one.name, what, version }),
          {
            class: what === 'revoke' ? 'danger' : '',
            'aria-label': `${what === 'revoke' ? 'Revoke' : 'Restore'} ${one.name}`,
          },
        ),
    ),
  );
}

async function act(
  context: PageContext,
  { name, what, version }: { name: string; what: 'revoke' | 'restore'; version: number },
): Promise<void> {
  const done = await change({
    title: `${what === 'revoke' ? 'Revoke' : 'Restore'} ${name}`,
    path: `/v1/capabilities/${encodeURIComponent(name)}/${what}`,
    act: what === 'revoke' ? 'Revoke now' : 'Restore',
    danger: what === 'revoke',
    timed: what === 'revoke',
    preview: { kind: 'capability', name },
    ...(what === 'revoke' ? { confirm: name } : { seen: version }),
  });
  if (done === null) return;
  await draw(context);
  showReceipt(context.place, {
    title: `${name}: ${what}d`,
    ...done,
    undone: context.may('controlUndo') ? () => draw(context) : undefined,
  });
}
