/** Profiles: what a sandbox may hold, within which limits, behind which guard, and who runs with it now. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, h, link } from '../dom.ts';
import { bytes, count, short, span } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { card, chips, facts, pageHead } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';

type Profile = AnswerOf<'profileList'>['profiles'][number];

export const profiles: Page = {
  path: '/console/profiles',
  title: 'Profiles',
  group: 'Control',
  key: 'f',
  show: async (context: PageContext) => {
    const { query } = context;
    const { profiles: all } = await ask<'profileList'>('/v1/profiles');
    const chosen = all.find(({ name }) => name === query.get('profile'));
    context.place.replaceChildren(
      pageHead(
        chosen === undefined ? 'Profiles' : chosen.name,
        chosen === undefined
          ? 'Bundles of capabilities with limits and a guard. Files decide them; see Policy to change one safely.'
          : chosen.description,
      ),
      ...(chosen === undefined ? [] : detail(chosen)),
      table({
        caption: `${all.length} profiles`,
        columns: [
          'Profile',
          { head: 'Capabilities', number: true },
          'Classes',
          'Guard',
          { head: 'Tasks now', number: true },
          'Tenants now',
        ],
        rows: all.map(rowOf),
        empty: { title: 'No profile', text: 'The policy files define none.' },
      }),
    );
  },
};

function rowOf(one: Profile): HTMLTableRowElement {
  return row(
    h(
      'div',
      {},
      link(`/console/profiles?profile=${encodeURIComponent(one.name)}`, one.name),
      h('div', { class: 'sub' }, one.description),
    ),
    { number: count(one.capabilities.length) },
    one.classes.join(', ') || '–',
    guardOf(one),
    { number: count(one.tasks) },
    one.tenants.length === 0 ? '–' : chips(one.tenants),
  );
}

function guardOf({ guard }: Profile): HTMLElement {
  const mode = (name: string, value: string) =>
    value === 'enforce' ? badge('good', `${name}: acts`) : badge('warn', `${name}: watches`);
  return h('div', { class: 'chips' }, mode('requests', guard.request), mode('results', guard.result));
}

const SIZES = /^(bytes|outputBytes|leakBytes|memory)/;

function limitText(name: string, value: number): string {
  if (name.endsWith('Ms')) return span(value);
  if (name === 'memoryMb') return `${count(value)} MB`;
  return SIZES.test(name) ? bytes(value) : count(value);
}

const words = (name: string): string =>
  name.replace(/(Ms|Mb)$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function detail(one: Profile): HTMLElement[] {
  const limits = Object.entries(one.limits).map(([name, value]) => [words(name), limitText(name, value)] as const);
  return [
    h('p', {}, link('/console/profiles', 'All profiles')),
    h(
      'div',
      { class: 'grid' },
      card(
        'May hold',
        h(
          'ul',
          { class: 'plain' },
          ...one.capabilities.map((name) =>
            h('li', {}, link(`/console/capabilities?q=${encodeURIComponent(name)}`, name)),
          ),
        ),
      ),
      card('Limits', facts(limits)),
      card(
        'Guard',
        facts([
          ['Requests', one.guard.request],
          ['Results', one.guard.result],
          ['Acts from', one.guard.min_likelihood],
          ['What cannot be scanned', one.guard.unscannable],
          ['Leaves alone', one.guard.ignore.length === 0 ? 'nothing' : chips(one.guard.ignore)],
          ['Paths in the record', one.record_paths],
        ]),
      ),
      card(
        'Where it is from',
        facts([
          ['File', h('code', {}, one.file)],
          ['Version', String(one.version)],
          ['Owner', one.owner],
          ['Digest', h('code', {}, short(one.digest))],
          ['Classes', one.classes.join(', ') || '–'],
        ]),
      ),
    ),
  ];
}
