/**
 * What rules found in traffic, as the record has it: which rule, where, and a keyed fingerprint, never the text. So a
 * verdict leads to its rules and their samples, and says why its own text is not there.
 */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, h, link, verdict } from '../dom.ts';
import { bytes, moment, plural, short } from '../format.ts';
import type { PageContext } from '../page.ts';
import { type Event, textOf } from '../parts/event-text.ts';
import { card, facts, pageHead, problem } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';

type Logged = AnswerOf<'auditQuery'>['events'][number];
type Rule = AnswerOf<'ruleList'>['rules'][number];

/** How far back a file looks for what its rules found. */
const LOOKED_AT = 500;
const SHOWN = 20;

export const ruleAddress = ({ file, id }: Pick<Rule, 'file' | 'id'>): string =>
  `/console/rules?file=${encodeURIComponent(file)}&rule=${encodeURIComponent(id)}`;

export const verdictAddress = (event: Event): string =>
  `/console/rules?verdict=${encodeURIComponent(textOf(event, 'id'))}`;

const findingsOf = (event: Event): readonly Event[] => (event['findings'] ?? []) as readonly Event[];

/** One verdict, with the way to each rule that found something. */
export async function showVerdict(context: PageContext, id: string): Promise<void> {
  const [{ events }, all] = await Promise.all([
    ask<'auditQuery'>('/v1/audit', { query: { type: 'guard.verdict', id, limit: 50 } }),
    ask<'ruleList'>('/v1/rules'),
  ]);
  const head = pageHead('What the guard found', link('/console/rules', 'All rules'));
  const event = (events.find((one) => one.event['id'] === id) ?? events[0])?.event;
  if (event === undefined) {
    context.place.replaceChildren(
      head,
      problem(`No guard verdict ${id} is in the record, or retention has removed it.`),
    );
    return;
  }
  const byId = new Map(all.rules.map((rule) => [rule.id, rule]));
  context.place.replaceChildren(
    head,
    factsOf(event, all.digest),
    h(
      'p',
      { class: 'soft' },
      'The record keeps which rule found something, where, and a keyed fingerprint of it, never the text: a record that quotes secrets would leak them. So this very text cannot be scanned again. Open a rule to see what it finds in its own samples, what it costs, and what clean results of the last week it would have tripped on; there you can also paste the text, or choose a file, if you have it.',
    ),
    findingTable(findingsOf(event), byId),
    h('p', {}, link(`/console/record?id=${encodeURIComponent(id)}`, 'The entry in the record')),
  );
}

function factsOf(event: Event, digest: string): HTMLElement {
  const task = textOf(event, 'task');
  const same = textOf(event, 'rules') === digest;
  return facts([
    ['Verdict', verdict(textOf(event, 'action'))],
    ['When', moment(textOf(event, 'time'))],
    [
      'Direction',
      textOf(event, 'direction') === 'result' ? 'a result, towards the sandbox' : 'a request, out of the sandbox',
    ],
    ['Tenant', textOf(event, 'tenant') || '–'],
    ['Task', task === '' ? '–' : link(`/console/tasks?task=${encodeURIComponent(task)}`, task)],
    ['Looked at', bytes(Number(event['bytes']))],
    [
      'Rules',
      h(
        'span',
        {},
        h('code', {}, short(textOf(event, 'rules'))),
        ' ',
        same ? badge('good', 'those in force now') : badge('warn', 'others are in force now', 'clock'),
      ),
    ],
  ]);
}

function findingTable(findings: readonly Event[], byId: ReadonlyMap<string, Rule>): HTMLElement {
  const rows = findings.map((one) => {
    const rule = byId.get(textOf(one, 'rule'));
    const name = textOf(one, 'rule');
    return row(
      rule === undefined
        ? h('div', {}, name, h('div', { class: 'sub' }, 'no rule in force has this name'))
        : h('div', {}, link(ruleAddress(rule), name), h('div', { class: 'sub' }, rule.description)),
      h('code', {}, textOf(one, 'info_type')),
      textOf(one, 'likelihood').toLowerCase().replaceAll('_', ' '),
      textOf(one, 'action'),
      {
        mono: `${textOf(one, 'start')}–${textOf(one, 'end')}${one['path'] === null ? '' : ` · ${textOf(one, 'path')}`}`,
      },
      { mono: textOf(one, 'fingerprint') },
    );
  });
  return table({
    caption: plural(findings.length, 'finding'),
    columns: ['Rule', 'Type', 'Likelihood', 'Done', 'Bytes and place', 'Fingerprint'],
    rows,
    empty: { title: 'It found nothing', text: 'The text passed as it was.' },
  });
}

/** The latest verdicts that a rule of these brought about. Nothing else waits for it. */
export async function showFoundBy(
  rules: readonly Pick<Rule, 'id'>[],
  place: HTMLElement,
  signal: AbortSignal,
): Promise<void> {
  const wanted = new Set(rules.map(({ id }) => id));
  const names = (event: Event) =>
    [...new Set(findingsOf(event).map((one) => textOf(one, 'rule')))].filter((id) => wanted.has(id));
  try {
    const query = { type: 'guard.verdict', limit: LOOKED_AT };
    const { events } = await ask<'auditQuery'>('/v1/audit', { query, signal });
    const found = events.filter(({ event }) => names(event).length > 0);
    place.replaceChildren(card('Found in traffic', foundTable(found, names, events.length)));
  } catch (error) {
    if (!signal.aborted) place.replaceChildren(problem(error instanceof Error ? error.message : 'it failed'));
  }
}

function foundTable(found: readonly Logged[], names: (event: Event) => readonly string[], looked: number): HTMLElement {
  const rows = found
    .slice(0, SHOWN)
    .map(({ event }) =>
      row(
        link(verdictAddress(event), moment(textOf(event, 'time'))),
        textOf(event, 'tenant') || '–',
        textOf(event, 'direction'),
        verdict(textOf(event, 'action')),
        names(event).join(', '),
      ),
    );
  return table({
    caption: `${plural(found.length, 'verdict')} of the latest ${looked} in the record${found.length > SHOWN ? `, the first ${SHOWN} shown` : ''}`,
    columns: ['Time', 'Tenant', 'Direction', 'Verdict', 'Rules of this file'],
    rows,
    empty: {
      title: 'None of the latest verdicts in the record is by a rule of this file',
      text: `${looked} verdicts were looked at. The record names rules and places; it keeps no text.`,
    },
  });
}
