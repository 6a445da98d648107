/** Tasks: who works now, killing one, and the walk of one task in one timeline. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, button, h, icon, link, verdict } from '../dom.ts';
import { bytes, count, moment, span } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { change } from '../parts/change.ts';
import { objectOf, type Event as Recorded, sayEvent, signOf, stateOf, textOf } from '../parts/event-text.ts';
import { pageHead, stat } from '../parts/layout.ts';
import { showReceipt } from '../parts/receipt.ts';
import { emptyState, row, table } from '../parts/table.ts';
import { verdictAddress } from './rule-verdicts.ts';

type Task = AnswerOf<'taskList'>['tasks'][number];
type Detail = AnswerOf<'taskShow'>;

let search: HTMLInputElement | null = null;

export const tasks: Page = {
  path: '/console/tasks',
  title: 'Tasks',
  group: 'Control',
  key: 't',
  keys: { '/': () => search?.focus() },
  show: (context) => {
    const chosen = context.query.get('task');
    return chosen === null
      ? drawList(context)
      : drawTask(context, { id: chosen, tenant: context.query.get('tenant') ?? '' });
  },
};

const MOST_ROWS = 300;

async function drawList(context: PageContext): Promise<void> {
  const { query, setQuery } = context;
  const { tasks: all } = await ask<'taskList'>('/v1/tasks');
  const list = h('div');
  search = h('input', {
    type: 'search',
    name: 'q',
    value: query.get('q') ?? '',
    placeholder: 'task, tenant, class or profile',
    autocomplete: 'off',
  });
  const redraw = () => {
    const wanted = search?.value ?? '';
    setQuery('q', wanted);
    const fits = all.filter((one) =>
      `${one.id} ${one.tenant} ${one.class} ${one.profile} ${one.kind}`.toLowerCase().includes(wanted.toLowerCase()),
    );
    const rows = fits
      .toSorted((a, b) => b.since - a.since)
      .slice(0, MOST_ROWS)
      .map((one) => rowOf(one, context));
    list.replaceChildren(
      table({
        caption: `${fits.length} of ${all.length} tasks, newest first`,
        columns: ['Task', 'Tenant', 'Class / profile', 'Kind', 'Since', { head: 'Flows', number: true }, 'State', ''],
        rows,
        empty: {
          title: all.length === 0 ? 'No task lives now' : 'No task fits',
          text: all.length === 0 ? 'A task begins with a pass, or with a tool call in an isolate.' : '',
        },
      }),
    );
  };
  search.addEventListener('input', redraw);
  context.place.replaceChildren(
    pageHead(
      'Tasks',
      'Sandboxes with a pass that holds, and tool calls in isolates. A killed task ends, and its flows are cut.',
    ),
    h(
      'form',
      { class: 'toolbar', submit: (event: Event) => event.preventDefault() },
      h('label', { class: 'grow' }, h('span', { class: 'visually-hidden' }, 'Search tasks'), search),
    ),
    list,
  );
  redraw();
}

function rowOf(one: Task, context: PageContext): HTMLTableRowElement {
  return row(
    link(`/console/tasks?task=${encodeURIComponent(one.id)}&tenant=${encodeURIComponent(one.tenant)}`, one.id),
    one.tenant === '' ? '–' : link(`/console/tenants?tenant=${encodeURIComponent(one.tenant)}`, one.tenant),
    `${one.class || '–'} / ${one.profile || '–'}`,
    one.kind,
    moment(one.since),
    { number: count(one.flows) },
    one.killed
      ? h('div', {}, badge('bad', 'killed'), h('div', { class: 'sub' }, `${one.killed.by}: ${one.killed.why}`))
      : badge('good', 'lives'),
    h('div', { class: 'acts' }, !one.killed && killButton(one, context, () => drawList(context))),
  );
}

/** Two tenants may have a task of one id; without a tenant it is whosever it is. */
type Named = Pick<Task, 'id' | 'tenant'>;

function killButton(one: Named, context: PageContext, after: () => Promise<void>): HTMLElement | null {
  const { id, tenant } = one;
  if (!context.may('taskKill')) return null;
  const act = async () => {
    const done = await change({
      title: `Kill ${id}`,
      path: `/v1/tasks/${encodeURIComponent(id)}/kill`,
      act: 'Kill now',
      danger: true,
      timed: false,
      preview: { kind: 'task', name: id, tenant },
      ...(tenant && { more: { tenant } }),
      confirm: id,
    });
    if (done === null) return;
    await (context.query.get('task') === null ? drawList(context) : drawTask(context, one));
    showReceipt(context.place, {
      title: `${id} is killed`,
      ...done,
      undone: context.may('controlUndo') ? after : undefined,
    });
  };
  return button('Kill …', () => void act(), { class: 'danger', 'aria-label': `Kill ${id}` });
}

async function drawTask(context: PageContext, one: Named): Promise<void> {
  const { id, tenant } = one;
  const task = await ask<'taskShow'>(`/v1/tasks/${encodeURIComponent(id)}`, tenant ? { query: { tenant } } : {});
  const kill = task.killed === null ? killButton(task, context, () => drawTask(context, task)) : badge('bad', 'killed');
  const steps = walkOf(task.events.map(({ event }) => event).reverse());
  const mayRules = context.may('ruleList') && context.may('auditQuery');
  const list = h('ol', { class: 'timeline' }, ...steps.map((step) => stepOf(step, mayRules)));
  context.place.replaceChildren(
    pageHead(
      id,
      h(
        'span',
        {},
        link('/console/tasks', 'All tasks'),
        ` · ${task.kind} of `,
        link(`/console/tenants?tenant=${encodeURIComponent(task.tenant)}`, task.tenant),
        ` · ${task.class} / ${task.profile}`,
      ),
      kill,
    ),
    h('div', { class: 'stats' }, ...usageOf(task)),
    h('h2', {}, 'Its walk'),
    task.events.length >= 200
      ? h(
          'p',
          { class: 'soft' },
          'The latest 200 events; ',
          link(`/console/record?task=${encodeURIComponent(id)}`, 'the record has all'),
        )
      : h('p', { class: 'soft' }, 'Everything that is on record of it, from its first pass on.'),
    steps.length === 0 ? emptyState('Nothing is on record of it yet') : list,
  );
}

function usageOf(task: Detail): HTMLElement[] {
  const events = task.events.map(({ event }) => event);
  const of = (type: string) => events.filter((event) => event['type'] === type);
  const denied = of('decision').filter((event) => event['effect'] === 'deny').length;
  const closed = of('flow.closed');
  const sum = (key: string) => closed.reduce((total, event) => total + Number(event[key] ?? 0), 0);
  const finished = of('task.finished')[0];
  const usage = finished === undefined ? null : objectOf(finished, 'usage');
  return [
    stat('Decisions', count(of('decision').length), `${count(denied)} denied`),
    stat('Guard verdicts', count(of('guard.verdict').length)),
    stat('Up', bytes(sum('bytes_up'))),
    stat('Down', bytes(sum('bytes_down'))),
    ...(usage === null || finished === undefined
      ? [stat('Flows now', count(task.flows))]
      : [
          stat('Ended', verdict(textOf(finished, 'status')), `behind ${textOf(finished, 'wall')}`),
          stat('Boot', span(Number(usage['boot_ms']))),
          stat('CPU', span(Number(usage['cpu_ms'])), `wall ${span(Number(usage['wall_ms']))}`),
          stat('Peak memory', bytes(Number(usage['peak_memory_bytes']))),
        ]),
  ];
}

interface Step {
  readonly event: Recorded;
  /** What the guard said of it, and how its flow ended. */
  readonly under: Recorded[];
}

/** Verdicts and closes stand under the decision that they belong to. */
function walkOf(events: readonly Recorded[]): Step[] {
  const steps: Step[] = [];
  const byDecision = new Map<string, Step>();
  for (const event of events) {
    const over = byDecision.get(textOf(event, 'decision'));
    if (over) over.under.push(event);
    else {
      const step = { event, under: [] };
      steps.push(step);
      if (event['type'] === 'decision') byDecision.set(textOf(event, 'id'), step);
    }
  }
  return steps;
}

function stepOf({ event, under }: Step, mayRules: boolean): HTMLElement {
  const tone = event['effect'] === 'deny' || event['type'] === 'control.changed' ? 'bad' : '';
  return h(
    'li',
    { class: tone },
    h('span', { class: 'sign' }, icon(signOf(event))),
    h(
      'div',
      { class: 'step' },
      moment(textOf(event, 'time')),
      h('span', { class: 'what' }, textOf(event, 'type')),
      stateOf(event),
      h('span', {}, sayEvent(event)),
    ),
    ...under.map((one) =>
      h(
        'div',
        { class: 'step under' },
        moment(textOf(one, 'time')),
        h('span', { class: 'what' }, textOf(one, 'type')),
        stateOf(one),
        h('span', {}, sayEvent(one)),
        one['type'] === 'guard.verdict' && mayRules && link(verdictAddress(one), 'its rules'),
      ),
    ),
    h(
      'details',
      {},
      h('summary', {}, 'Whole'),
      h('pre', { tabindex: '0' }, JSON.stringify([event, ...under], null, 2)),
    ),
  );
}
