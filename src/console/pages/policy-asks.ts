/** Policy asked: recorded decisions decided again, and one request under what is in force. */

import type { AnswerOf } from '../../admin/contract.ts';
import { post } from '../api.ts';
import { badge, h, link, verdict } from '../dom.ts';
import { count, plural } from '../format.ts';
import type { PageContext } from '../page.ts';
import { card, chips, facts, field, loading, problem } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';

type Bundle = AnswerOf<'policyBundle'>;

export const wrong = (error: unknown): Node[] => [problem(error instanceof Error ? error.message : 'it failed')];

export function effectOf(words: string): HTMLElement {
  const [effect = '', ...rest] = words.split(' ');
  return h('span', {}, verdict(effect), ' ', h('code', {}, rest.join(' ')));
}

export function replayForm({ query, setQuery }: PageContext): HTMLElement {
  const days = h('input', { name: 'days', type: 'number', min: '1', max: '3650', value: query.get('days') ?? '30' });
  const bundle = h('input', {
    name: 'bundle',
    autocomplete: 'off',
    spellcheck: 'false',
    value: query.get('bundle') ?? '',
    placeholder: 'empty: the bundles of then',
  });
  const controls = h('input', {
    name: 'controls',
    autocomplete: 'off',
    spellcheck: 'false',
    value: query.get('controls') ?? '',
    placeholder: 'category.block=gambling',
  });
  const out = h('div', { class: 'stack', 'aria-live': 'polite' });
  const go = async () => {
    for (const input of [days, bundle, controls]) setQuery(input.name, input.value.trim());
    out.replaceChildren(loading());
    const body = {
      days: Number(days.value),
      bundle: bundle.value.trim() || null,
      controls: controls.value.split(/[\s,]+/).filter((word) => word !== ''),
    };
    out.replaceChildren(...(await replayed(body).catch(wrong)));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void go();
  };
  const form = h(
    'form',
    { class: 'filters', submit },
    field('Days back', days),
    field('Candidate', bundle, 'A directory on the machine of the gate, or a digest.'),
    field('Supposed controls', controls, 'On top of those of then.'),
    h('button', { type: 'submit', class: 'primary' }, 'Decide it all again'),
  );
  return h(
    'div',
    { class: 'stack' },
    card(
      'Replay of recorded decisions',
      h(
        'p',
        { class: 'soft' },
        'Without a candidate it must find no difference: that is the proof that the record explains itself.',
      ),
      form,
    ),
    out,
  );
}

async function replayed(body: object): Promise<Node[]> {
  const report = await post<'policyReplay'>('/v1/policy/replay', body);
  const rows = report.groups.map((one) =>
    row(
      { number: count(one.count) },
      one.field,
      effectOf(one.before),
      effectOf(one.after),
      one.tenant,
      one.profile,
      h('code', {}, one.host),
      link(`/console/record?id=${one.example}`, one.example),
    ),
  );
  return [
    h(
      'p',
      {},
      report.differences === 0
        ? badge('good', 'no difference')
        : badge('warn', plural(report.differences, 'difference')),
      ` in ${plural(report.decisions, 'decision')}; ${count(report.outside)} refusals that policy was not asked about; ${count(report.truncated)} shortened.`,
    ),
    table({
      caption: 'Differences, grouped',
      columns: [{ head: 'Count', number: true }, 'Field', 'Then', 'Now', 'Tenant', 'Profile', 'Host', 'Example'],
      rows,
      empty: { title: 'Every decision comes out as it is recorded' },
    }),
  ];
}

export function askForm({ query, setQuery }: PageContext, { classes, profiles }: Bundle): HTMLElement {
  const input = (name: string, value: string, more: Record<string, string | boolean> = {}) =>
    h('input', { name, value: query.get(name) ?? value, autocomplete: 'off', spellcheck: 'false', ...more });
  const select = (name: string, values: readonly string[]) =>
    h(
      'select',
      { name },
      h('option', { value: '' }, 'the default'),
      ...values.map((value) => h('option', { value, selected: query.get(name) === value }, value)),
    );
  const [tenant, method, url] = [
    input('tenant', 'acme', { required: true }),
    input('method', 'GET', { required: true }),
    input('url', 'https://example.com/', { required: true, type: 'url' }),
  ];
  const [name, profile] = [select('class', classes), select('profile', profiles)];
  const risk = input('risk', '0', { type: 'number', min: '0', max: '100' });
  const out = h('div', { class: 'stack', 'aria-live': 'polite' });
  const go = async () => {
    for (const one of [tenant, method, url, name, profile, risk]) setQuery(one.name, one.value);
    const body = {
      tenant: tenant.value,
      class: name.value || null,
      profile: profile.value || null,
      risk: Number(risk.value),
      method: method.value,
      url: url.value,
    };
    out.replaceChildren(...(await asked(body).catch(wrong)));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void go();
  };
  const form = h(
    'form',
    { class: 'filters', submit },
    field('Tenant', tenant),
    field('Class', name),
    field('Profile', profile),
    field('Risk', risk),
    field('Method', method),
    field('URL', url),
    h('button', { type: 'submit', class: 'primary' }, 'Decide'),
  );
  return h(
    'div',
    { class: 'stack' },
    card(
      'One request, under what is in force now',
      h('p', { class: 'soft' }, 'Nothing is sent and nothing is recorded.'),
      form,
    ),
    out,
  );
}

async function asked(body: object): Promise<Node[]> {
  const answer = await post<'policyExplain'>('/v1/policy/explain', body);
  const { rule } = answer;
  return [
    card(
      '',
      h('p', { class: 'big' }, verdict(answer.effect), ' ', h('code', {}, answer.reason)),
      facts([
        ['Decided at', answer.step ?? '–'],
        [
          'Rule',
          rule === null
            ? 'none: denied by default'
            : h('code', {}, `${rule.id}${rule.file === null ? '' : ` · ${rule.file}:${rule.line}`}`),
        ],
        ['Capability', answer.capability ?? '–'],
        ['Categories', chips(answer.categories, 12)],
        ['Leans on', chips(answer.facts, 20)],
        [
          'Would be allowed by',
          answer.would_allow.length === 0
            ? '–'
            : h('ul', { class: 'plain' }, ...answer.would_allow.map((way) => h('li', {}, h('code', {}, way)))),
        ],
      ]),
    ),
  ];
}
