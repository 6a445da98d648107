/** Decisions as they happen. */

import { follow } from '../api.ts';
import { cells, h, moment, verdict } from '../dom.ts';
import type { Page } from '../page.ts';

interface Decision {
  readonly id: string;
  readonly time: string;
  readonly effect: string;
  readonly reason: string;
  readonly tenant: string | null;
  readonly task: string | null;
  readonly input: { readonly method: string | null; readonly host: string | null; readonly path: string | null };
  readonly categories: readonly string[];
}

const MOST_ROWS = 300;
let paused = false;
let search: HTMLInputElement | null = null;
let button: HTMLButtonElement | null = null;

export const live: Page = {
  path: '/console',
  title: 'Live',
  key: 'l',
  keys: { p: () => button?.click(), '/': () => search?.focus() },
  show: async ({ place, signal, query, setQuery }) => {
    const rows = h('tbody');
    const waiting: Decision[] = [];
    const count = h('p', { class: 'soft', role: 'status' });
    search = h('input', {
      type: 'search',
      name: 'filter',
      placeholder: 'deny, a host, a tenant, a reason …',
      value: query.get('q') ?? '',
    });
    search.addEventListener('input', () => {
      setQuery('q', search?.value ?? '');
      for (const row of rows.rows) row.hidden = !fits(row.dataset['text'] ?? '', search?.value ?? '');
    });
    button = h('button', { type: 'button', 'aria-pressed': String(paused) }, paused ? 'Go on (p)' : 'Pause (p)');
    button.addEventListener('click', () => {
      paused = !paused;
      button?.setAttribute('aria-pressed', String(paused));
      if (button) button.textContent = paused ? 'Go on (p)' : 'Pause (p)';
    });
    const heads = ['Time', 'Effect', 'Reason', 'Tenant', 'Task', 'Request', 'Categories'];
    place.replaceChildren(
      h('h2', {}, 'Live decisions'),
      h(
        'form',
        { class: 'row', submit: (event) => event.preventDefault() },
        h('label', {}, 'Filter (/)', search),
        button,
      ),
      count,
      h(
        'div',
        { class: 'scroll' },
        h(
          'table',
          {},
          h('caption', {}, 'Newest first; a request inside a tunnel has a row of its own'),
          h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)))),
          rows,
        ),
      ),
    );
    let total = 0;
    // Rows are put in at most four times a second, whatever the rate, so that the page stays usable.
    const timer = setInterval(() => {
      if (paused || waiting.length === 0) return;
      for (const decision of waiting.splice(0)) rows.prepend(rowOf(decision, search?.value ?? ''));
      while (rows.rows.length > MOST_ROWS) rows.lastElementChild?.remove();
      count.textContent = `${total} since this page was opened, ${rows.rows.length} shown`;
    }, 250);
    signal.addEventListener('abort', () => clearInterval(timer));
    count.textContent = 'Waiting for the first decision …';
    await follow('/v1/decisions', signal, {
      entry: (entry) => {
        total += 1;
        waiting.push((entry as { event: Decision }).event);
        if (waiting.length > MOST_ROWS) waiting.splice(0, waiting.length - MOST_ROWS);
      },
      state: (connected) => {
        const link = document.getElementById('link');
        if (link) link.textContent = connected ? '● connected' : '○ connection lost, trying again';
      },
    });
  },
};

function rowOf(d: Decision, filter: string): HTMLTableRowElement {
  const { method, host, path } = d.input;
  const request = `${method ?? ''} ${host ?? ''}${path ?? ''}`.trim();
  const row = cells(
    moment(d.time),
    verdict(d.effect),
    h('code', {}, d.reason),
    d.tenant ?? '–',
    d.task === null ? '–' : h('a', { href: `/console/tasks?task=${encodeURIComponent(d.task)}` }, d.task),
    request,
    d.categories.join(', '),
  );
  row.className = 'new';
  row.dataset['decision'] = d.id;
  row.dataset['text'] = [d.id, d.effect, d.reason, d.tenant, d.task, request, ...d.categories].join(' ').toLowerCase();
  row.hidden = !fits(row.dataset['text'], filter);
  return row;
}

/** Every word of the filter has to be there; `-word` must not. */
function fits(text: string, filter: string): boolean {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return words.every((word) =>
    word.startsWith('-') && word.length > 1 ? !text.includes(word.slice(1)) : text.includes(word),
  );
}
