/** The keyboard: the same keys on every page, and the sheet that names them. */

import { button, h, openDialog } from '../dom.ts';
import type { Page } from '../page.ts';

export interface KeysOrder {
  readonly pages: () => readonly Page[];
  readonly current: () => Page;
  readonly open: (address: string) => void;
  readonly palette: () => void;
}

export function listenToKeys(order: KeysOrder): void {
  let afterG = false;
  document.addEventListener('keydown', (event) => {
    const target = event.target as Element;
    const typing = target.closest('input, select, textarea, dialog') !== null;
    if (event.key === 'Escape' && target instanceof HTMLElement && !target.closest('dialog')) target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const jump = afterG ? order.pages().find((page) => page.key === event.key) : undefined;
    afterG = event.key === 'g';
    if (act(event.key, order, jump)) event.preventDefault();
  });
}

/** Whether the key meant something. */
function act(key: string, { current, open, pages, palette }: KeysOrder, jump: Page | undefined): boolean {
  if (jump) open(jump.path);
  else if (key === '?') openHelp(pages());
  else if (key === ':') palette();
  else if (key === 'j' || key === 'k') step(key === 'j' ? 1 : -1);
  else if (current().keys?.[key]) current().keys?.[key]?.();
  else return false;
  return true;
}

/** Moves among the rows of the page. */
function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main tbody tr:not([hidden]), main .timeline > li')];
  const at = rows.findIndex((row) => row.hasAttribute('data-chosen'));
  const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
  for (const row of rows) row.removeAttribute('data-chosen');
  next?.setAttribute('data-chosen', '');
  next?.scrollIntoView({ block: 'nearest' });
  next?.querySelector<HTMLElement>('a, button, summary')?.focus({ preventScroll: true });
}

const KEYS: readonly (readonly [string, string])[] = [
  ['?', 'this sheet'],
  ['/', 'search or filter'],
  ['j  k', 'next and previous row'],
  ['Enter', 'what the chosen row offers first'],
  ['p', 'pause and go on, on the live page'],
  [':', 'palette: go anywhere, do anything'],
  ['Esc', 'leave a field or a dialog'],
  ['1 … 6', 'a switch, on the emergency page'],
];

export function openHelp(pages: readonly Page[]): void {
  const row = ([key, text]: readonly [string, string]) =>
    h('div', {}, h('dt', {}, h('kbd', {}, key)), h('dd', {}, text));
  const dialog = openDialog(
    { 'aria-labelledby': 'help-title', class: 'help' },
    h('h2', { id: 'help-title' }, 'Keys'),
    h('dl', { class: 'keys' }, ...KEYS.map(row)),
    h('h3', {}, 'Pages'),
    h('dl', { class: 'keys' }, ...pages.map((page) => row([`g ${page.key}`, page.title]))),
    h(
      'div',
      { class: 'actions' },
      button('Close', () => dialog.close()),
    ),
  );
}
