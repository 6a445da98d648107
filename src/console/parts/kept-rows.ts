/** Rows that stream in, without taking focus or place from under the hand. */

import { h } from '../dom.ts';

export interface Wanted {
  readonly key: string;
  /** Changes when the row must be drawn again. */
  readonly stamp: string;
  readonly draw: () => Node[];
}

/** What the hand is at. */
export interface Held {
  /** A row that is not drawn again. */
  readonly row: Element | null;
  /** No row comes, goes or moves: one that is pointed at must not slip away under the pointer. */
  readonly still: boolean;
}

/** The row that has focus, or is pointed at. */
export function heldIn(body: HTMLElement, pointing: boolean): Held {
  const pointed = pointing ? body.querySelector('tr:hover') : null;
  const focused = body.contains(document.activeElement) ? (document.activeElement?.closest('tr') ?? null) : null;
  return { row: pointed ?? focused, still: pointed !== null };
}

/**
 * Brings the rows of a body to what is wanted. Rows are kept and only their cells changed. While a row has focus, new
 * ones come above, and nothing else is moved, and that row is not drawn again. Answers how many rows wait to come.
 */
export function arrange(
  body: HTMLTableSectionElement,
  rows: Map<string, HTMLTableRowElement>,
  wanted: readonly Wanted[],
  { row: held, still }: Held,
): number {
  if (still) return redrawKnown(rows, wanted, held);
  removeOthers(rows, new Set(wanted.map(({ key }) => key)), held);
  let next: Element | null = body.firstElementChild;
  for (const one of wanted) {
    const known = rows.get(one.key);
    const row = known ?? h('tr', { class: 'new' });
    rows.set(one.key, row);
    if (row !== held) redraw(row, one);
    if (known !== undefined && held !== null) continue;
    if (row === next) next = row.nextElementSibling;
    else body.insertBefore(row, next);
  }
  return 0;
}

/** How many of them have no row yet. */
function redrawKnown(
  rows: ReadonlyMap<string, HTMLTableRowElement>,
  wanted: readonly Wanted[],
  held: Element | null,
): number {
  let without = 0;
  for (const one of wanted) {
    const row = rows.get(one.key);
    if (row === undefined) without += 1;
    else if (row !== held) redraw(row, one);
  }
  return without;
}

function removeOthers(rows: Map<string, HTMLTableRowElement>, keep: ReadonlySet<string>, held: Element | null): void {
  for (const [key, row] of rows) {
    if (keep.has(key) || row === held) continue;
    row.remove();
    rows.delete(key);
  }
}

function redraw(row: HTMLTableRowElement, { stamp, draw }: Wanted): void {
  if (row.dataset['stamp'] === stamp) return;
  row.dataset['stamp'] = stamp;
  row.replaceChildren(...draw());
}
