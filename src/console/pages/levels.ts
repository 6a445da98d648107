/** Service levels: what was promised and measured, over time, and the way from a figure to the entries behind it. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, h } from '../dom.ts';
import { count, figure } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { chart } from '../parts/chart.ts';
import { choices, pageHead, stat } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';

type Levels = AnswerOf<'slo'>;
type Level = Levels['levels'][number];
type History = AnswerOf<'sloHistory'>;
type Series = History['series'][number];

const WINDOWS = [
  ['60', 'Hour'],
  ['1440', 'Day'],
  ['10080', 'Week'],
  ['43200', 'Month'],
] as const;

export const levels: Page = {
  path: '/console/levels',
  title: 'Service levels',
  group: 'Watch',
  key: 's',
  show: (context) => draw(context),
};

async function draw(context: PageContext): Promise<void> {
  const { query, setQuery } = context;
  const minutes = query.get('minutes') ?? '1440';
  const [now, history] = await Promise.all([
    ask<'slo'>('/v1/slo', { query: { minutes } }),
    ask<'sloHistory'>('/v1/slo/history', { query: { minutes } }),
  ]);
  const judged = now.levels.filter((level) => level.met !== null);
  const missed = judged.filter((level) => level.met === false);
  const choose = (value: string) => {
    setQuery('minutes', value);
    void draw(context);
  };
  context.place.replaceChildren(
    pageHead(
      'Service levels',
      'The numbers of locktender slo; those of this process are what /metrics says.',
      choices('Window', WINDOWS, { value: minutes, choose }),
    ),
    h(
      'div',
      { class: 'stats' },
      stat(
        'Objectives met',
        `${judged.length - missed.length} of ${judged.length}`,
        missed.length === 0 ? badge('good', 'none is missed') : badge('bad', `${missed.length} missed`),
      ),
      ...['denied_ratio', 'decision_latency_p99', 'cut_latency_p99', 'isolate_boot_p95', 'log_commit_p99'].map((name) =>
        headline(name, now),
      ),
    ),
    h('div', { class: 'charts' }, ...charts(history)),
    table({
      caption: 'Every level over the window',
      columns: [
        'Level',
        'Objective',
        { head: 'Measured', number: true },
        { head: 'Samples', number: true },
        'From',
        'State',
        'Behind it',
      ],
      rows: now.levels.map((level) => rowOf(level, now, context)),
      empty: { title: 'Nothing is measured yet' },
    }),
  );
}

const NAMES: Readonly<Record<string, string>> = {
  denied_ratio: 'Denied',
  decision_latency_p99: 'Decision, p99',
  cut_latency_p99: 'Cut, p99',
  isolate_boot_p95: 'Isolate boot, p95',
  log_commit_p99: 'Record commit, p99',
};

function headline(name: string, { levels: all }: Levels): HTMLElement {
  const level = all.find((one) => one.name === name && one.of === null);
  return stat(
    NAMES[name] ?? name,
    figure(level?.measured ?? null, level?.unit ?? ''),
    level === undefined ? null : stateOf(level),
  );
}

function stateOf({ met, objective }: Level): HTMLElement {
  if (met === null) return badge('soft', objective === '-' ? 'no objective' : 'too few to judge');
  return met ? badge('good', 'met') : badge('bad', 'missed');
}

function charts({ from, to, series }: History): HTMLElement[] {
  const of = (name: string) => series.find((one) => one.name === name);
  const line = (name: string, one: Series | undefined, tone: 'one' | 'two') => ({
    name,
    tone,
    points: one?.points ?? [],
  });
  const single = (title: string, name: string) => {
    const one = of(name);
    return chart({
      title,
      unit: one?.unit ?? '',
      from,
      to,
      limit: one?.limit ?? null,
      lines: [line(title, one, 'one')],
    });
  };
  return [
    chart({
      title: 'Decisions',
      unit: 'count',
      from,
      to,
      limit: null,
      lines: [line('allowed', of('decisions_allow'), 'one'), line('denied', of('decisions_deny'), 'two')],
    }),
    single('Denied', 'denied_ratio'),
    single('Decision latency, p99', 'decision_latency_p99'),
    single('Findings of the guard', 'findings'),
    single('Cut latency, p99', 'cut_latency_p99'),
    single('Isolate boot, p95', 'isolate_boot_p95'),
    single('Forced ends of tasks', 'forced_termination_ratio'),
    single('Record commit, p99', 'log_commit_p99'),
    single('Lag of the record', 'log_lag'),
  ];
}

/** Entries that a level is made of, by its name. */
const BEHIND: readonly (readonly [RegExp, string])[] = [
  [/^denied_ratio/, 'type=decision&effect=deny'],
  [/^(cut_|flows_)/, 'type=control.changed'],
  [/^(isolate_|tool_|forced_)/, 'type=task.finished'],
  [/^guard_/, 'type=guard.verdict'],
  [/^decision_/, 'type=decision'],
];

/** `≤ 1 %` from `<= 0.01 ratio`: in the unit that the measured value is shown in. */
function objectiveOf({ objective, unit }: Level): string {
  if (objective === '-') return '–';
  const [sign = '', value = ''] = objective.split(' ');
  const limit = Number(value);
  return `${sign.replace('<=', '≤').replace('>=', '≥')} ${Number.isNaN(limit) ? value : figure(limit, unit)}`;
}

function rowOf(level: Level, { from }: Levels, context: PageContext): HTMLTableRowElement {
  const behind = BEHIND.find(([name]) => name.test(level.name))?.[1];
  return row(
    h('div', {}, level.name.replaceAll('_', ' '), level.of !== null && h('div', { class: 'sub' }, level.of)),
    objectiveOf(level),
    { number: figure(level.measured, level.unit) },
    { number: count(level.samples) },
    level.source === 'record' ? 'the record' : 'this process',
    stateOf(level),
    behind !== undefined && context.may('auditQuery')
      ? h(
          'a',
          {
            href: `/console/record?${behind}&since=${from}`,
            'aria-label': `Entries behind ${level.name}${level.of === null ? '' : ` of ${level.of}`}`,
          },
          'Entries',
        )
      : '',
  );
}
