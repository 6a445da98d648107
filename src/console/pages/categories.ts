/** Categories: what is blocked, what a block would cut, and where a host stands. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, button, h, risk } from '../dom.ts';
import { moment } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { change } from '../parts/change.ts';
import { override } from '../parts/explain.ts';
import { card, chips, choices, facts, pageHead, problem } from '../parts/layout.ts';
import { showReceipt } from '../parts/receipt.ts';
import { row, table } from '../parts/table.ts';

type List = AnswerOf<'categoryList'>;
type Category = List['categories'][number];

let search: HTMLInputElement | null = null;

export const categories: Page = {
  path: '/console/categories',
  title: 'Categories',
  group: 'Control',
  key: 'c',
  keys: { '/': () => search?.focus() },
  show: async (context) => {
    const all = await ask<'categoryList'>('/v1/categories');
    draw(context, all);
    const act = context.query.get('act');
    const asked = all.categories.find(({ id }) => id === act);
    context.setQuery('act', '');
    if (asked && !context.signal.aborted) await toggle(asked, all.version, context);
  },
};

function draw(context: PageContext, all: List): void {
  const { place, query, setQuery } = context;
  const list = h('div');
  search = h('input', {
    type: 'search',
    name: 'category',
    value: query.get('q') ?? '',
    placeholder: 'name, or what it is',
    autocomplete: 'off',
  });
  const redraw = () => {
    setQuery('q', search?.value ?? '');
    list.replaceChildren(rowsOf(context, all, { text: search?.value ?? '', state: query.get('state') ?? '' }));
  };
  search.addEventListener('input', redraw);
  const states = choices(
    'State',
    [
      ['', 'All'],
      ['blocked', 'Blocked'],
      ['open', 'Open'],
    ],
    {
      value: query.get('state') ?? '',
      choose: (value) => {
        setQuery('state', value);
        redraw();
      },
    },
  );
  const blocked = all.categories.filter((one) => one.blocked).length;
  place.replaceChildren(
    pageHead(
      'Categories',
      `${blocked} of ${all.categories.length} are blocked. A block cuts what is live on it, and says how fast.`,
    ),
    lookup(context),
    h(
      'form',
      { class: 'toolbar', submit: (event: Event) => event.preventDefault() },
      h('label', { class: 'grow' }, h('span', { class: 'visually-hidden' }, 'Search categories'), search),
      states,
    ),
    list,
  );
  redraw();
}

function rowsOf(
  context: PageContext,
  { categories: all, version }: List,
  wanted: { text: string; state: string },
): HTMLElement {
  const text = wanted.text.toLowerCase();
  const shown = all.filter((one) => {
    const state = wanted.state === '' || (wanted.state === 'blocked') === one.blocked;
    return state && `${one.id} ${one.name} ${one.description}`.toLowerCase().includes(text);
  });
  const rows = shown.map((one) =>
    row(
      h(
        'div',
        {},
        h('strong', {}, one.name),
        ' ',
        h('code', { class: 'soft' }, one.id),
        h('div', { class: 'sub' }, one.description),
      ),
      risk(one.risk),
      stateOf(one),
      h(
        'div',
        { class: 'acts' },
        context.may(one.blocked ? 'categoryUnblock' : 'categoryBlock') &&
          button(one.blocked ? 'Unblock …' : 'Block …', () => void toggle(one, version, context), {
            class: one.blocked ? '' : 'danger',
            'data-category': one.id,
            'aria-label': `${one.blocked ? 'Unblock' : 'Block'} ${one.id}`,
          }),
      ),
    ),
  );
  return table({
    caption: `${shown.length} of ${all.length} categories`,
    columns: ['Category', 'Risk', 'State', ''],
    rows,
    empty: { title: 'No category fits', text: 'Try fewer letters, or another state.' },
  });
}

function stateOf({ blocked, by_default: byDefault, mark }: Category): HTMLElement {
  const why = mark === null ? (byDefault ? 'by the taxonomy' : '') : `${mark.by}: ${mark.why}`;
  const until = mark?.until ?? null;
  return h(
    'div',
    {},
    blocked ? badge('bad', 'blocked', 'lock') : badge('good', 'open'),
    h('div', { class: 'sub' }, why, until !== null && ' · returns ', until !== null && moment(until)),
  );
}

async function toggle(one: Category, version: number, context: PageContext): Promise<void> {
  const done = await change({
    title: `${one.blocked ? 'Unblock' : 'Block'} ${one.id}`,
    path: `/v1/categories/${encodeURIComponent(one.id)}/${one.blocked ? 'unblock' : 'block'}`,
    act: one.blocked ? 'Unblock' : 'Block now',
    danger: !one.blocked,
    timed: true,
    preview: { kind: 'category', name: one.id },
    ...(one.blocked ? { seen: version } : {}),
  });
  if (done === null) return;
  await redrawn(context);
  showReceipt(context.place, {
    title: `${one.id} is ${one.blocked ? 'open again' : 'blocked'}`,
    ...done,
    undone: context.may('controlUndo') ? () => redrawn(context) : undefined,
  });
}

async function redrawn(context: PageContext): Promise<void> {
  draw(context, await ask<'categoryList'>('/v1/categories'));
}

function lookup(context: PageContext): HTMLElement {
  const { query, setQuery } = context;
  const found = h('div', { 'aria-live': 'polite' });
  const host = h('input', {
    name: 'host',
    placeholder: 'docs.example.org',
    autocomplete: 'off',
    spellcheck: 'false',
    value: query.get('host') ?? '',
  });
  const look = async () => {
    setQuery('host', host.value);
    if (host.value === '') return found.replaceChildren();
    try {
      found.replaceChildren(
        standing(
          await ask<'categoryLookup'>(`/v1/hosts/${encodeURIComponent(host.value)}`),
          context,
          () => void look(),
        ),
      );
    } catch (error) {
      found.replaceChildren(problem(error instanceof Error ? error.message : 'it failed'));
    }
  };
  if (host.value !== '') void look();
  const submit = (event: Event) => {
    event.preventDefault();
    void look();
  };
  return card(
    'Where does a host stand?',
    h(
      'form',
      { class: 'toolbar', submit },
      h('label', { class: 'grow' }, h('span', { class: 'visually-hidden' }, 'Host'), host),
      h('button', { type: 'submit' }, 'Look it up'),
    ),
    found,
  );
}

function standing(found: AnswerOf<'categoryLookup'>, context: PageContext, again: () => void): HTMLElement {
  const sources = found.sources.map((s) =>
    row(h('code', {}, s.category), s.list, {
      mono: s.file === null ? '–' : `${s.file}${s.line === null ? '' : `:${s.line}`}`,
    }),
  );
  const overrides = found.overrides.map(
    (o) => `${o.effect === 'allow' ? 'allowed' : 'denied'} for ${o.tenant ?? 'every tenant'} (${o.host})`,
  );
  const act = async (what: 'allow' | 'deny' | 'clear') => {
    if (await override(what, { host: found.host, tenant: null }, context)) again();
  };
  return h(
    'div',
    { class: 'standing' },
    facts([
      ['Host', h('code', {}, found.host)],
      ['Categories', found.categories.length === 0 ? 'uncategorised' : chips(found.categories, 12)],
      [
        'State',
        found.blocked_by.length > 0
          ? badge('bad', `blocked by ${found.blocked_by.join(', ')}`, 'lock')
          : badge('good', 'not blocked by category'),
      ],
      ['Overrides', overrides.length === 0 ? 'none' : overrides.join('; ')],
    ]),
    table({
      caption: 'Which list says so',
      columns: ['Category', 'List', 'File'],
      rows: sources,
      empty: { title: 'No list names it' },
    }),
    h(
      'div',
      { class: 'actions' },
      context.may('hostDeny') && button('Deny …', () => void act('deny'), { class: 'danger' }),
      context.may('hostAllow') && button('Allow …', () => void act('allow')),
      context.may('hostClear') && overrides.length > 0 && button('Clear override …', () => void act('clear')),
    ),
  );
}
