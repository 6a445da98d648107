/** What a trial of rules said: what is wrong, what they cost, what they would have tripped on, what they find in a sample. */

import type { AnswerOf } from '../../admin/contract.ts';
import { badge, h, put } from '../dom.ts';
import { moment, plural } from '../format.ts';
import { problem, stat } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';

type Tried = AnswerOf<'ruleTry'>;

export function problemList(problems: Tried['problems']): HTMLElement {
  const rows = problems.map((one) => h('li', {}, h('code', {}, `${one.file}:${one.line}`), `: ${one.message}`));
  return problem('Not in force:', h('ul', {}, ...rows));
}

/** What a trial said: cost, past clean results, findings in the sample. */
export function triedBox(tried: Tried, sample: string): HTMLElement {
  const { problems, rules: compiled, findings, cost, past } = tried;
  if (problems.length > 0) return problemList(problems);
  const dear = compiled.filter((one) => one.searched_by === 'everything').map((one) => one.id);
  const box = h(
    'div',
    { class: 'receipt' },
    h(
      'div',
      { class: 'receipt-head' },
      badge('good', 'tests pass'),
      h('strong', {}, `${plural(compiled.length, 'rule')} compile`),
    ),
  );
  put(
    box,
    h(
      'div',
      { class: 'stats' },
      stat(
        'Cost of these rules',
        `${cost.us_per_kb.toFixed(2)} µs/KB`,
        `all rules in force: ${cost.all_us_per_kb.toFixed(2)} µs/KB`,
      ),
      stat(
        'Past clean results',
        past.samples === 0 ? 'none kept' : `${past.tripped} of ${past.samples}`,
        past.samples === 0 ? past.note : 'would have tripped',
      ),
      stat('In the sample', sample === '' ? '–' : plural(findings.length, 'finding')),
    ),
  );
  if (dear.length > 0)
    put(box, h('p', {}, `Run over every text, since no anchor could be derived: ${dear.join(', ')}.`));
  if (past.hits.length > 0) put(box, pastTable(past));
  if (sample === '') return box;
  const rows = findings.map((one) =>
    row(one.rule, h('code', {}, one.info_type), one.likelihood, one.action, { mono: `${one.start}–${one.end}` }),
  );
  put(
    box,
    highlighted(sample, findings),
    table({
      caption: 'Findings in the sample',
      columns: ['Rule', 'Type', 'Likelihood', 'On results', 'Place'],
      rows,
      empty: { title: 'Nothing is found in the sample' },
    }),
  );
  return box;
}

function pastTable({ hits }: Tried['past']): HTMLElement {
  const rows = hits.map((one) => row(one.rule, moment(one.at), one.tenant, h('code', {}, one.excerpt)));
  return table({
    caption: 'Clean results that these rules would have tripped on',
    columns: ['Rule', 'When', 'Tenant', 'Where'],
    rows,
  });
}

function highlighted(sample: string, findings: Tried['findings']): HTMLElement {
  const out = h('pre', { class: 'sample', tabindex: '0', role: 'region', 'aria-label': 'Sample with its findings' });
  let at = 0;
  for (const { start, end, rule } of findings) {
    put(out, sample.slice(at, start), h('mark', { title: rule }, sample.slice(start, end)));
    at = end;
  }
  put(out, sample.slice(at));
  return out;
}
