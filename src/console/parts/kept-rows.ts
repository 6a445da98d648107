/** Rows that stream in, without taking focus or place from under the hand. */

import { h } from '../dom.ts';

export interface Wanted {
  readonly key: string;
  /** Changes when the row must be drawn again. */
  readonly stamp: string;
  readonly draw: () => Node[];
}

/**
 * Brings the rows of a body to what is wanted. Rows are kept and only their cells changed. While somebody is at a row,
 * new ones come above, and nothing else is moved, and that row is not drawn again.
 */
export function arrange(
  body: HTMLTableSectionElement,
  rows: Map<string, HTMLTableRowElement>,
  wanted: readonly Wanted[],
): void {
  const held = body.contains(document.activeElement) ? (document.activeElement?.closest('tr') ?? null) : null;
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
}

function removeOthers(
  rows: Map<string, HTMLTableRowElement>,
  keep: ReadonlySet<string>,
  held: HTMLTableRowElement | null,
): void {
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
