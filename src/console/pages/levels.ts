/** Service levels, as `locktender slo` shows them. */

import { ask } from '../api.ts';
import { cells, h, table } from '../dom.ts';
import type { Page } from '../page.ts';

export const levels: Page = {
  path: '/console/levels',
  title: 'Service levels',
  key: 's',
  show: async ({ place }) => {
    place.replaceChildren(h('h2', {}, 'Service levels'), h('p', { class: 'soft' }, 'Loading …'));
    const [{ levels: all }, status] = await Promise.all([ask<'slo'>('/v1/slo'), ask<'status'>('/v1/status')]);
    const rows = all.map((one) =>
      cells(
        one.of === null ? one.name : `${one.name}: ${one.of}`,
        one.objective,
        one.measured === null ? 'no data' : `${Math.round(one.measured * 1000) / 1000} ${one.unit}`,
        String(one.samples),
        one.met === null
          ? h('span', { class: 'soft' }, '– not judged')
          : h('span', { class: one.met ? 'good' : 'bad' }, one.met ? '✓ met' : '✕ missed'),
      ),
    );
    const facts = Object.entries(status).filter(([, value]) => typeof value !== 'object');
    place.replaceChildren(
      h('h2', {}, 'Service levels'),
      table('Over the last week', ['Level', 'Objective', 'Measured', 'Samples', 'State'], rows),
      h('h3', {}, 'The appliance'),
      h(
        'dl',
        {},
        ...facts.flatMap(([name, value]) => [
          h('dt', { class: 'soft' }, name),
          h('dd', { class: 'mono' }, String(value)),
        ]),
      ),
    );
  },
};
