/** Tables, and what stands where a table would be empty. */

import { type Child, h, put } from '../dom.ts';

export interface Column {
  readonly head: string;
  /** Right-aligned figures. */
  readonly number?: boolean;
  /** As narrow as its content. */
  readonly tight?: boolean;
}

export interface TableOrder {
  readonly caption: string;
  readonly columns: readonly (Column | string)[];
  readonly rows: readonly HTMLTableRowElement[];
  /** What to say, and do, when there is no row. */
  readonly empty?: { readonly title: string; readonly text?: string };
}

/** A table with a caption, in a box that scrolls by itself. */
export function table({ caption, columns, rows, empty }: TableOrder): HTMLElement {
  if (rows.length === 0) return emptyState(empty?.title ?? `${caption}: none`, empty?.text);
  const heads = columns.map((column) => (typeof column === 'string' ? column : column.head));
  for (const tr of rows) {
    // Where rows become blocks, a cell says what it is. The first says it by itself.
    for (const [i, td] of [...tr.cells].entries()) if (i > 0 && heads[i]) td.dataset['label'] = heads[i] ?? '';
  }
  const body = h('tbody', {}, ...rows);
  return frame(caption, columns, body);
}

/** The same round a body that the caller keeps. */
export function frame(caption: string, columns: TableOrder['columns'], body: HTMLTableSectionElement): HTMLElement {
  const heads = columns.map((column) => {
    const { head, number = false, tight = false } = typeof column === 'string' ? { head: column } : column;
    // A column of buttons has a name too, for whom nothing is seen.
    const name = head === '' ? h('span', { class: 'visually-hidden' }, 'Acts') : head;
    return h('th', { scope: 'col', class: [number && 'number', tight && 'tight'].filter(Boolean).join(' ') }, name);
  });
  const head = h('thead', {}, h('tr', {}, ...heads));
  return h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', {}, h('caption', {}, caption), head, body),
  );
}

/** A row; a cell may be given as `{ number: … }` or `{ mono: … }`. */
export function row(
  ...contents: readonly (Child | { readonly number: Child } | { readonly mono: Child })[]
): HTMLTableRowElement {
  const tr = h('tr');
  for (const content of contents) {
    if (content !== null && typeof content === 'object' && 'number' in content)
      put(tr, h('td', { class: 'number' }, content.number));
    else if (content !== null && typeof content === 'object' && 'mono' in content)
      put(tr, h('td', { class: 'mono' }, content.mono));
    else put(tr, h('td', {}, content));
  }
  return tr;
}

export function emptyState(title: string, text = ''): HTMLElement {
  return h('div', { class: 'empty' }, h('p', { class: 'empty-title' }, title), text !== '' && h('p', {}, text));
}
