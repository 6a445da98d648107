/** Categories: what is blocked, what a block would cut, and where a host stands. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { change, showReceipt } from '../change.ts';
import { cells, h, table } from '../dom.ts';
import type { Page, PageContext } from '../page.ts';

type Category = AnswerOf<'categoryList'>['categories'][number];

let search: HTMLInputElement | null = null;

export const categories: Page = {
  path: '/console/categories',
  title: 'Categories',
  key: 'c',
  keys: { '/': () => search?.focus() },
  show: async (context) => {
    const { place, query, setQuery } = context;
    const list = h('div');
    const standing = h('div');
    search = h('input', { type: 'search', name: 'category', value: query.get('q') ?? '' });
    const host = h('input', { name: 'host', placeholder: 'docs.example.org', autocomplete: 'off' });
    let all: readonly Category[] = [];
    const draw = () => list.replaceChildren(drawn(all, search?.value ?? '', (one) => void toggle(one, context)));
    search.addEventListener('input', () => {
      setQuery('q', search?.value ?? '');
      draw();
    });
    place.replaceChildren(
      h('h2', {}, 'Categories'),
      h('form', { class: 'row', submit: (event) => event.preventDefault() }, h('label', {}, 'Search (/)', search)),
      h(
        'form',
        {
          class: 'row',
          submit: (event) => {
            event.preventDefault();
            where(host.value, standing);
          },
        },
        h('label', {}, 'Where does a host stand?', host),
        h('button', { type: 'submit' }, 'Look it up'),
      ),
      standing,
      list,
    );
    list.replaceChildren(h('p', { class: 'soft' }, 'Loading …'));
    ({ categories: all } = await ask<'categoryList'>('/v1/categories'));
    draw();
  },
};

function drawn(all: readonly Category[], text: string, act: (one: Category) => void): HTMLElement {
  const wanted = text.toLowerCase();
  const shown = all.filter((one) => `${one.id} ${one.name} ${one.description}`.toLowerCase().includes(wanted));
  const rows = shown.map((one) =>
    cells(
      h('code', {}, one.id),
      one.description,
      one.risk,
      one.blocked ? h('span', { class: 'bad' }, '✕ blocked') : h('span', { class: 'good' }, '✓ open'),
      one.mark === null ? (one.by_default ? 'by the taxonomy' : '') : `${one.mark.by}: ${one.mark.why}`,
      h(
        'button',
        { type: 'button', class: one.blocked ? '' : 'danger', 'data-category': one.id, click: () => act(one) },
        one.blocked ? `Unblock ${one.id}` : `Block ${one.id}`,
      ),
    ),
  );
  return table(
    `${shown.length} of ${all.length} categories`,
    ['Category', 'What it is', 'Risk', 'State', 'Why', 'Act'],
    rows,
  );
}

async function toggle(one: Category, context: PageContext): Promise<void> {
  const act = one.blocked ? 'unblock' : 'block';
  const receipt = await change({
    title: `${one.blocked ? 'Unblock' : 'Block'} ${one.id}`,
    path: `/v1/categories/${encodeURIComponent(one.id)}/${act}`,
    act: one.blocked ? 'Unblock' : 'Block now',
    danger: !one.blocked,
    timed: !one.blocked,
    ...(one.blocked ? {} : { before: preview(one.id) }),
  });
  if (receipt === null) return;
  await categories.show(context);
  showReceipt(context.place, `${one.id} is ${one.blocked ? 'open again' : 'blocked'}`, receipt);
}

async function preview(id: string): Promise<Node> {
  const seen = await ask<'categoryPreview'>(`/v1/categories/${encodeURIComponent(id)}/preview`);
  return h(
    'ul',
    {},
    h('li', {}, `${seen.live_flows} flows live now would be cut`),
    h(
      'li',
      {},
      `${seen.tasks.length} tasks of ${seen.tenants.length} tenants depend on it: ${seen.tenants.join(', ') || 'none'}`,
    ),
    h('li', {}, `${seen.allowed_last_day} allows of the last 24 hours would have been denials`),
  );
}

function where(host: string, place: Element): void {
  ask<'categoryLookup'>(`/v1/hosts/${encodeURIComponent(host)}`).then(
    (found) => {
      const rows = found.sources.map((s) =>
        cells(s.category, s.list, s.file ?? '–', s.line === null ? '–' : String(s.line)),
      );
      place.replaceChildren(
        h(
          'p',
          {},
          `${found.host}: ${found.categories.join(', ')}${found.blocked_by.length > 0 ? `; blocked by ${found.blocked_by.join(', ')}` : ''}`,
        ),
        table('Which list says so', ['Category', 'List', 'File', 'Line'], rows),
      );
    },
    (error: Error) => place.replaceChildren(h('p', { class: 'problem', role: 'alert' }, error.message)),
  );
}
