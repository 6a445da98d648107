/** Decisions as they happen: one row a task and host group, or each by itself. */

import { ask, follow } from '../api.ts';
import { badge, button, h, say } from '../dom.ts';
import { parseFilter, termOf, withTerm } from '../filter.ts';
import { count, plural } from '../format.ts';
import { type Decision, filterable, LiveGroups } from '../live-groups.ts';
import type { Page, PageContext } from '../page.ts';
import { sparkline } from '../parts/chart.ts';
import { explain } from '../parts/explain.ts';
import { arrange, heldIn, type Wanted } from '../parts/kept-rows.ts';
import { choices, pageHead, stat } from '../parts/layout.ts';
import { EACH, eachCells, GROUPED, groupCells } from '../parts/live-rows.ts';
import { emptyState, frame } from '../parts/table.ts';

const MOST_ROWS = 200;
/** Rows are drawn at most so often, whatever the rate, and for at most a tenth of the time. */
const DRAW_MS = 250;
const DRAW_SHARE = 0.1;
/** How long rows stand still under a pointer that does not move: somebody may have gone and left it there. */
const POINTED_MS = 4000;
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
    void view.findAsked().catch(() => undefined);
    await follow('/v1/decisions', context.signal, {
      after: Math.max(0, entries - PAST) - 1,
      query: { when_behind: 'skip' },
      entry: (entry) => view.take(entry as Arrived),
      state: (connected) => view.connected(connected),
    });
  },
};

/** One decision, or how many were left out since this page could not keep up. */
type Arrived = { readonly event: Decision } | { readonly passed_over: { entries: number; denied: number | null } };

class LiveView {
  readonly #context: PageContext;
  readonly #groups = new LiveGroups();
  /** What of it fits the filter; the same where there is none. */
  #shown = this.#groups;
  readonly #body = h('tbody');
  readonly #rows = new Map<string, HTMLTableRowElement>();
  readonly #table = h('div', { class: 'live-table' });
  readonly #stats = h('div', { class: 'stats' });
  readonly #note = h('div', { class: 'note' });
  readonly #state = h('span');
  readonly #held = h('span');
  readonly #search: HTMLInputElement;
  readonly #perSecond: number[] = Array.from({ length: 60 }, () => 0);
  #flat: boolean;
  #paused = false;
  #dirty = true;
  #filter = parseFilter('');
  #saidAt = performance.now();
  #saidTotal = 0;
  #pointedAt = Number.NEGATIVE_INFINITY;
  #drawAfter = 0;
  #asked: string | null;

  constructor(context: PageContext) {
    this.#context = context;
    const { query, signal } = context;
    this.#flat = query.get('view') === 'each';
    this.#asked = query.get('decision');
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
    this.#body.addEventListener('pointermove', () => {
      this.#pointedAt = performance.now();
    });
    this.#layOut();
    this.#refilter();
    const timers = [setInterval(() => this.#drawInTurn(), DRAW_MS), setInterval(() => this.#second(), 1000)];
    signal.addEventListener('abort', () => timers.forEach(clearInterval));
  }

  take(arrived: Arrived): void {
    this.#dirty = true;
    if ('passed_over' in arrived) {
      this.#groups.passOver(arrived.passed_over);
      this.#count(0, arrived.passed_over.entries);
      return;
    }
    this.#groups.add(arrived.event);
    if (this.#shown !== this.#groups && this.#fits(arrived.event)) this.#shown.add(arrived.event);
    if (arrived.event.id === this.#asked) this.#explainAsked(arrived.event);
    this.#count(Math.max(0, Math.floor((Date.now() - Date.parse(arrived.event.time)) / 1000)), 1);
  }

  /** The decision that the address names is opened as soon as it is there. */
  #explainAsked(decision: Decision): void {
    this.#asked = null;
    explain(decision, this.#context);
  }

  /** One that is further back than what is shown here is looked for in the record. */
  async findAsked(): Promise<void> {
    const id = this.#asked;
    if (id === null || !this.#context.may('auditQuery')) return;
    const { events } = await ask<'auditQuery'>('/v1/audit', { query: { type: 'decision', id, limit: 1 } });
    const found = events[0]?.event as Decision | undefined;
    if (found !== undefined && this.#asked === id && !this.#context.signal.aborted) this.#explainAsked(found);
  }

  #count(secondsAgo: number, many: number): void {
    const at = this.#perSecond.length - 1 - secondsAgo;
    if (at >= 0) this.#perSecond[at] = (this.#perSecond[at] ?? 0) + many;
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
      pageHead(
        'Live decisions',
        'What sandboxes ask for, and what the gate answers, as it happens.',
        this.#held,
        this.#state,
      ),
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
    if (this.#context.query.get('paused') === '1') this.#toggle();
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
    this.#context.setQuery('paused', this.#paused ? '1' : '');
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
    const whole = this.#search.value.trim() === '';
    this.#shown = whole ? this.#groups : this.#groups.fitting((decision) => this.#fits(decision));
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
    const { total, denied, passedOver } = this.#groups;
    const shown = passedOver === 0 ? '' : `, ${count(passedOver)} only counted: they came too fast`;
    this.#stats.replaceChildren(
      stat(
        'Decisions a second',
        rate < 10 ? rate.toFixed(1) : count(Math.round(rate)),
        sparkline(this.#perSecond.slice(0, -1)),
      ),
      stat('In the last minute', count(lastMinute)),
      stat('Seen here', count(total), `${count(total - denied)} allowed${shown}`),
      stat('Denied', count(denied), total === 0 ? '–' : `${((denied / total) * 100).toFixed(1)} %`),
    );
  }

  #drawInTurn(): void {
    if (performance.now() >= this.#drawAfter) this.#draw();
  }

  #draw(): void {
    if (!this.#dirty || (this.#paused && this.#body.childElementCount > 0)) return;
    const began = performance.now();
    this.#dirty = false;
    const wanted = this.#flat ? this.#eachRows() : this.#groupRows();
    const held = heldIn(this.#body, began - this.#pointedAt < POINTED_MS);
    const waiting = arrange(this.#body, this.#rows, wanted, held);
    if (held.still) this.#dirty = true;
    this.#held.replaceChildren(...(held.still ? [badge('soft', waitingText(waiting), 'lock')] : []));
    this.#drawAfter = began + (performance.now() - began) / DRAW_SHARE;
    this.#table.hidden = wanted.length === 0;
    const { problem } = this.#filter;
    const empty = wanted.length > 0 ? [] : [this.#groups.total === 0 ? NO_DECISION() : NONE_FITS()];
    this.#note.replaceChildren(...(problem === null ? empty : [h('p', { class: 'bad' }, problem)]));
  }

  #fits(decision: Decision): boolean {
    return this.#filter.fits(filterable(decision));
  }

  #groupRows(): Wanted[] {
    const rows = this.#shown.groups().slice(0, MOST_ROWS);
    return rows.map((group) => ({
      key: group.key,
      stamp: `${group.last.id}${group.allowed}/${group.denied}`,
      draw: () => groupCells(group, this.#context),
    }));
  }

  #eachRows(): Wanted[] {
    return this.#shown
      .latest()
      .slice(0, MOST_ROWS)
      .map((decision) => ({ key: decision.id, stamp: '', draw: () => eachCells(decision, this.#context) }));
  }
}

const waitingText = (many: number): string =>
  many === 0 ? 'held under the pointer' : `held under the pointer, ${plural(many, 'row')} to come`;
const NO_DECISION = () =>
  emptyState('No decision yet', 'A sandbox with a pass makes the first: locktender pass issue --tenant acme --env');
const NONE_FITS = () => emptyState('Nothing that was seen here fits the filter', 'Take a condition out, or wait.');
