/** What would have sufficed for the recorded traffic: proposals for a person to review. */

import type { AnswerOf } from '../../admin/contract.ts';
import { post } from '../api.ts';
import { h } from '../dom.ts';
import { plural } from '../format.ts';
import type { PageContext } from '../page.ts';
import { card, chips, facts, field, loading } from '../parts/layout.ts';
import { emptyState } from '../parts/table.ts';
import { wrong } from './policy-asks.ts';

type Proposal = AnswerOf<'policyLearn'>['proposals'][number];

export function learnForm({ query, setQuery }: PageContext): HTMLElement {
  const days = h('input', {
    name: 'days',
    type: 'number',
    min: 1,
    max: 3650,
    value: query.get('days') ?? '30',
    required: true,
  });
  const tenant = h('input', {
    name: 'tenant',
    value: query.get('tenant') ?? '',
    placeholder: 'every tenant',
    autocomplete: 'off',
  });
  const out = h('div', { class: 'stack', 'aria-live': 'polite' });
  const go = async (event: Event) => {
    event.preventDefault();
    setQuery('days', days.value);
    setQuery('tenant', tenant.value.trim());
    out.replaceChildren(loading());
    const order = { days: Number(days.value), tenant: tenant.value.trim() || null };
    out.replaceChildren(...(await post<'policyLearn'>('/v1/policy/learn', order).then(shown, wrong)));
  };
  return h(
    'div',
    { class: 'stack' },
    card(
      'The least that would have sufficed',
      h(
        'p',
        { class: 'soft' },
        'By what the record holds. Nothing is changed: what is proposed is for you to read, and to put among your rules.',
      ),
      h(
        'form',
        { class: 'filters', submit: (event: Event) => void go(event) },
        field('Days', days),
        field('Tenant', tenant),
        h('button', { type: 'submit', class: 'primary' }, 'Learn'),
      ),
    ),
    out,
  );
}

function shown({ proposals }: AnswerOf<'policyLearn'>): Node[] {
  if (proposals.length === 0)
    return [emptyState('Nothing to propose', 'No decision of that time names a tenant and a class.')];
  return proposals.map(proposalCard);
}

function proposalCard({
  tenant,
  class: name,
  profile,
  requests,
  needed,
  unused,
  denied,
  files,
}: Proposal): HTMLElement {
  const never = denied
    .slice(0, 20)
    .map((one) => h('li', {}, h('code', {}, `${one.method} ${one.host}`), ` ${plural(one.requests, 'time')}`));
  return card(
    `${tenant}, class ${name}`,
    facts([
      ['Learnt from', `${plural(requests, 'allowed request')} with profile ${profile}`],
      ['Needed', chips(needed, 20)],
      ['Not needed', unused.length === 0 ? 'nothing is left over' : chips(unused, 20)],
      ['Denied, not proposed', never.length === 0 ? 'nothing' : h('ul', { class: 'plain' }, ...never)],
    ]),
    ...files.map(({ path, text }) =>
      h('details', {}, h('summary', {}, h('code', {}, path)), h('pre', { tabindex: '0' }, text)),
    ),
  );
}
