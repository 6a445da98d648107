/** Decisions as they happen: one row a task and host group, or each by itself. */

import { ask, follow } from '../api.ts';
import { badge, button, h, link, say, verdict } from '../dom.ts';
import { parseFilter, termOf, withTerm } from '../filter.ts';
import { count, moment, plural } from '../format.ts';
import { type Decision, filterable, type Group, LiveGroups } from '../live-groups.ts';
import type { Page, PageContext } from '../page.ts';
import { sparkline } from '../parts/chart.ts';
import { explain, override } from '../parts/explain.ts';
import { arrange, type Wanted } from '../parts/kept-rows.ts';
import { choices, pageHead, stat } from '../parts/layout.ts';
import { emptyState, frame } from '../parts/table.ts';

const MOST_ROWS = 200;
/** Rows are drawn at most so often, whatever the rate, so that the page stays usable. */
const DRAW_MS = 250;
/** How much of the past is shown at first. */
const PAST = 300;
const SAID_MS = 15_000;

let pause: HTMLButtonElement | null = null;
let search: HTMLInputElement | null = null;

export const live: Page = {
  path: '/console',
  title: 'Live',
  group: 'Watch',
  key: 'l',
  keys: { p: () => pause?.click(), '/': () => search?.focus() },
  show: async (context) => {
    const view = new LiveView(context);
    const { entries } = await ask<'status'>('/v1/status');
    await follow('/v1/decisions', context.signal, {
      after: Math.max(0, entries - PAST) - 1,
      entry: (entry) => view.add((entry as { event: Decision }).event),
      state: (connected) => view.connected(connected),
    });
  },
};

class LiveView {
  readonly #context: PageContext;
  readonly #groups = new LiveGroups();
  readonly #body = h('tbody');
  readonly #rows = new Map<string, HTMLTableRowElement>();
  readonly #table = h('div', { class: 'live-table' });
  readonly #stats = h('div', { class: 'stats' });
  readonly #note = h('div', { class: 'note' });
  readonly #state = h('span');
  readonly #search: HTMLInputElement;
  readonly #perSecond: number[] = Array.from({ length: 60 }, () => 0);
  #flat: boolean;
  #paused = false;
  #dirty = true;
  #filter = parseFilter('');
  #saidAt = performance.now();
  #saidTotal = 0;

  constructor(context: PageContext) {
    this.#context = context;
    const { query, signal } = context;
    this.#flat = query.get('view') === 'each';
    this.#search = h('input', {
      type: 'search',
      name: 'filter',
      spellcheck: 'false',
      autocomplete: 'off',
      placeholder: 'effect:deny  tenant:acme|globex  host:*.example  -reason:budget',
      value: query.get('q') ?? '',
    });
    search = this.#search;
    this.#search.addEventListener('input', () => this.#refilter());
    this.#layOut();
    this.#refilter();
    const timers = [setInterval(() => this.#draw(), DRAW_MS), setInterval(() => this.#second(), 1000)];
    signal.addEventListener('abort', () => timers.forEach(clearInterval));
  }

  add(decision: Decision): void {
    this.#groups.add(decision);
    const age = Date.now() - Date.parse(decision.time);
    if (age < 60_000)
      this.#perSecond[this.#perSecond.length - 1 - Math.max(0, Math.floor(age / 1000))] =
        (this.#perSecond.at(-1 - Math.max(0, Math.floor(age / 1000))) ?? 0) + 1;
    this.#dirty = true;
  }

  connected(up: boolean): void {
    this.#state.replaceChildren(up ? badge('good', 'connected') : badge('bad', 'connection lost, trying again'));
  }

  #layOut(): void {
    const { place, setQuery } = this.#context;
    pause = button('Pause', () => this.#toggle(), { 'aria-pressed': 'false' });
    pause.append(h('kbd', { 'aria-hidden': 'true' }, 'p'));
    const effect = choices(
      'Effect',
      [
        ['', 'All'],
        ['allow', 'Allowed'],
        ['deny', 'Denied'],
      ],
      { value: termOf(this.#search.value, 'effect') ?? '', choose: (value) => this.#setEffect(value) },
    );
    const view = choices(
      'Rows',
      [
        ['', 'By task and host'],
        ['each', 'Each decision'],
      ],
      {
        value: this.#flat ? 'each' : '',
        choose: (value) => {
          this.#flat = value === 'each';
          setQuery('view', value);
          this.#frame();
        },
      },
    );
    place.replaceChildren(
      pageHead('Live decisions', 'What sandboxes ask for, and what the gate answers, as it happens.', this.#state),
      this.#stats,
      h(
        'form',
        { class: 'toolbar', submit: (event: Event) => event.preventDefault() },
        h('label', { class: 'grow' }, h('span', { class: 'visually-hidden' }, 'Filter'), this.#search),
        effect,
        view,
        pause,
      ),
      this.#note,
      this.#table,
    );
    this.#showStats();
    this.connected(false);
    this.#state.replaceChildren(badge('soft', 'connecting'));
    this.#frame();
  }

  #frame(): void {
    this.#rows.clear();
    this.#body.replaceChildren();
    const columns = this.#flat ? EACH : GROUPED;
    const caption = this.#flat ? 'Each decision, newest first' : 'One row a task and host group, the latest first';
    this.#table.replaceChildren(frame(caption, columns, this.#body));
    this.#dirty = true;
    this.#draw();
  }

  #toggle(): void {
    this.#paused = !this.#paused;
    pause?.setAttribute('aria-pressed', String(this.#paused));
    if (pause?.firstChild) pause.firstChild.textContent = this.#paused ? 'Go on' : 'Pause';
    this.#dirty = true;
  }

  #setEffect(value: string): void {
    this.#search.value = withTerm(this.#search.value, 'effect', value === '' ? null : value);
    this.#refilter();
  }

  #refilter(): void {
    this.#context.setQuery('q', this.#search.value);
    this.#filter = parseFilter(this.#search.value);
    this.#dirty = true;
    this.#draw();
  }

  #second(): void {
    this.#perSecond.push(0);
    this.#perSecond.shift();
    this.#showStats();
    const { total, denied } = this.#groups;
    if (performance.now() - this.#saidAt < SAID_MS || this.#paused || total === this.#saidTotal) return;
    say(`${plural(total - this.#saidTotal, 'new decision')}; ${plural(denied, 'denial')} in all.`);
    this.#saidAt = performance.now();
    this.#saidTotal = total;
  }

  #showStats(): void {
    const lastMinute = this.#perSecond.reduce((sum, n) => sum + n, 0);
    const rate = this.#perSecond.slice(-11, -1).reduce((sum, n) => sum + n, 0) / 10;
    const { total, denied } = this.#groups;
    this.#stats.replaceChildren(
      stat(
        'Decisions a second',
        rate < 10 ? rate.toFixed(1) : count(Math.round(rate)),
        sparkline(this.#perSecond.slice(0, -1)),
      ),
      stat('In the last minute', count(lastMinute)),
      stat('Seen here', count(total), `${count(total - denied)} allowed`),
      stat('Denied', count(denied), total === 0 ? '–' : `${((denied / total) * 100).toFixed(1)} %`),
    );
  }

  #draw(): void {
    if (!this.#dirty || (this.#paused && this.#body.childElementCount > 0)) return;
    this.#dirty = false;
    this.#showStats();
    const wanted = this.#flat ? this.#eachRows() : this.#groupRows();
    arrange(this.#body, this.#rows, wanted);
    this.#table.hidden = wanted.length === 0;
    const { problem } = this.#filter;
    const empty = wanted.length > 0 ? [] : [this.#groups.total === 0 ? NO_DECISION() : NONE_FITS()];
    this.#note.replaceChildren(...(problem === null ? empty : [h('p', { class: 'bad' }, problem)]));
  }

  #groupRows(): Wanted[] {
    const fits = this.#groups.groups().filter((group) => this.#filter.fits(filterable(group.last)));
    return fits.slice(0, MOST_ROWS).map((group) => ({
      key: group.key,
      stamp: `${group.last.id}${group.allowed}/${group.denied}`,
      draw: () => this.#groupCells(group),
    }));
  }

  #eachRows(): Wanted[] {
    const fits = this.#groups.latest().filter((decision) => this.#filter.fits(filterable(decision)));
    return fits
      .slice(0, MOST_ROWS)
      .map((decision) => ({ key: decision.id, stamp: '', draw: () => this.#eachCells(decision) }));
  }

  #groupCells({ last, tenant, task, site, hosts, categories, allowed, denied }: Group): Node[] {
    const named = hosts.size === 1 ? [...hosts][0] : site;
    return [
      cell(verdict(last.effect)),
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
      cell(
        tenant,
        h('div', { class: 'sub' }, task === '–' ? '–' : link(`/console/tasks?task=${encodeURIComponent(task)}`, task)),
      ),
      number(count(allowed)),
      number(count(denied)),
      cell(moment(last.time)),
      this.#actions(last),
    ];
  }

  #eachCells(decision: Decision): Node[] {
    const { tenant, task } = decision;
    return [
      cell(moment(decision.time)),
      cell(verdict(decision.effect)),
      cell(h('strong', {}, decision.input.host ?? '–'), h('div', { class: 'sub' }, requestOf(decision))),
      cell(h('code', {}, decision.reason), h('div', { class: 'sub' }, decision.categories.join(', '))),
      cell(
        tenant ?? '–',
        h('div', { class: 'sub' }, task === null ? '–' : link(`/console/tasks?task=${encodeURIComponent(task)}`, task)),
      ),
      this.#actions(decision),
    ];
  }

  /** Explaining first; then what would turn the answer round, where the role may. */
  #actions(decision: Decision): HTMLElement {
    const { effect, tenant } = decision;
    const { host } = decision.input;
    const turn = effect === 'deny' ? 'allow' : 'deny';
    const may = this.#context.may(turn === 'allow' ? 'hostAllow' : 'hostDeny');
    const label = turn === 'allow' ? 'Allow …' : 'Deny …';
    return h(
      'td',
      {},
      h(
        'div',
        { class: 'acts' },
        button('Explain', () => explain(decision, this.#context), {
          'aria-label': `Explain ${effect} of ${host ?? 'it'}`,
        }),
        host !== null &&
          may &&
          button(label, () => void override(turn, { host, tenant }, this.#context), {
            class: turn === 'deny' ? 'danger' : '',
            'aria-label': `${turn === 'deny' ? 'Deny' : 'Allow'} ${host}`,
          }),
      ),
    );
  }
}

const NO_DECISION = () =>
  emptyState('No decision yet', 'A sandbox with a pass makes the first: locktender pass issue --tenant acme --env');
const NONE_FITS = () => emptyState('Nothing that was seen here fits the filter', 'Take a condition out, or wait.');

const GROUPED = [
  'Last',
  'Host group and latest request',
  'Reason',
  'Tenant and task',
  { head: 'Allowed', number: true },
  { head: 'Denied', number: true },
  'Seen',
  '',
];
const EACH = ['Time', 'Effect', 'Host and request', 'Reason', 'Tenant and task', ''];

const cell = (...children: Parameters<typeof h>[2][]): HTMLElement => h('td', {}, ...children);
const number = (text: string): HTMLElement => h('td', { class: 'number' }, text);

function requestOf({ input: { method, scheme, path }, capability }: Decision): string {
  const asked = scheme === null || scheme === 'tcp' ? method : `${method} ${scheme}`;
  return [asked, path, capability].filter((part) => part !== null && part !== '').join(' · ');
}
