/** Rows of the live page: a task and host group, or one decision, and what may be done about it. */

import { button, h, link, verdict } from '../dom.ts';
import { count, moment } from '../format.ts';
import type { Decision, Group } from '../live-groups.ts';
import type { PageContext } from '../page.ts';
import { explain, override } from './explain.ts';

export const GROUPED = [
  'Last',
  'Host group and latest request',
  'Reason',
  'Tenant and task',
  { head: 'Allowed', number: true },
  { head: 'Denied', number: true },
  '',
];
export const EACH = ['Time', 'Effect', 'Host and request', 'Reason', 'Tenant and task', ''];

/** Cells of a task and host group. */
export function groupCells(
  { last, tenant, task, site, hosts, categories, allowed, denied }: Group,
  context: PageContext,
): Node[] {
  const named = hosts.size === 1 ? [...hosts][0] : site;
  return [
    cell(verdict(last.effect), h('div', { class: 'sub' }, moment(last.time))),
    cell(
      h(
        'div',
        {},
        h('strong', {}, String(named)),
        hosts.size > 1 && h('span', { class: 'soft' }, ` ${hosts.size} hosts`),
      ),
      h('div', { class: 'sub' }, requestOf(last)),
    ),
    cell(h('code', {}, last.reason), h('div', { class: 'sub' }, [...categories].slice(0, 3).join(', '))),
    cell(tenant, h('div', { class: 'sub' }, taskLink(task, tenant))),
    number('Allowed', allowed),
    number('Denied', denied),
    actions(last, context),
  ];
}

/** Cells of one decision. */
export function eachCells(decision: Decision, context: PageContext): Node[] {
  const { tenant, task } = decision;
  return [
    cell(moment(decision.time)),
    cell(verdict(decision.effect)),
    cell(h('strong', {}, decision.input.host ?? '–'), h('div', { class: 'sub' }, requestOf(decision))),
    cell(h('code', {}, decision.reason), h('div', { class: 'sub' }, decision.categories.join(', '))),
    cell(tenant ?? '–', h('div', { class: 'sub' }, taskLink(task ?? '–', tenant ?? ''))),
    actions(decision, context),
  ];
}

/** Explaining first; then what would turn the answer round, where the role may. */
function actions(decision: Decision, context: PageContext): HTMLElement {
  const { effect, tenant } = decision;
  const { host } = decision.input;
  const turn = effect === 'deny' ? 'allow' : 'deny';
  const may = context.may(turn === 'allow' ? 'hostAllow' : 'hostDeny');
  const label = turn === 'allow' ? 'Allow …' : 'Deny …';
  return h(
    'td',
    {},
    h(
      'div',
      { class: 'acts' },
      button('Explain', () => explain(decision, context), {
        'aria-label': `Explain ${effect} of ${host ?? 'it'}`,
      }),
      host !== null &&
        may &&
        button(label, () => void override(turn, { host, tenant }, context), {
          class: turn === 'deny' ? 'danger' : '',
          'aria-label': `${turn === 'deny' ? 'Deny' : 'Allow'} ${host}`,
        }),
    ),
  );
}

/** By its end: ids begin with the time, so those of one minute begin alike. */
function taskLink(task: string, tenant: string): Node | string {
  if (task === '–') return task;
  const address = `/console/tasks?task=${encodeURIComponent(task)}&tenant=${encodeURIComponent(tenant)}`;
  const one = link(address, task.length > 14 ? `…${task.slice(-9)}` : task);
  one.title = task;
  return one;
}

const cell = (...children: Parameters<typeof h>[2][]): HTMLElement => h('td', {}, ...children);
const number = (label: string, many: number): HTMLElement =>
  h('td', { class: 'number', 'data-label': label }, count(many));

function requestOf({ input: { method, scheme, path }, capability }: Decision): string {
  const asked = scheme === null || scheme === 'tcp' ? method : `${method} ${scheme}`;
  return [asked, path, capability].filter((part) => part !== null && part !== '').join(' · ');
}
