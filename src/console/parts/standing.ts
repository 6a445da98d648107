/** What operators changed and still stands, each with the way back. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { button, h } from '../dom.ts';
import { moment } from '../format.ts';
import type { PageContext } from '../page.ts';
import { change } from './change.ts';
import { sayAction } from './event-text.ts';
import { showReceipt } from './receipt.ts';
import { row, table } from './table.ts';

type Made = AnswerOf<'controlList'>['changes'][number];

/** When it cannot be read it says so; nothing else hangs on it. */
export async function showStanding(place: HTMLElement, context: PageContext): Promise<void> {
  try {
    const { changes, version } = await ask<'controlList'>('/v1/controls');
    const rows = changes.filter((one) => one.stands).map((one) => rowOf(one, { place, context, version }));
    place.replaceChildren(
      h(
        'div',
        { 'data-standing': true },
        table({
          caption: 'Changes by operators that stand, newest first',
          columns: ['What', 'By', 'Reason', 'Since', 'Returns', ''],
          rows,
          empty: { title: 'Nothing that an operator changed stands' },
        }),
      ),
    );
  } catch {
    const again = button('Try again', () => void showStanding(place, context));
    place.replaceChildren(
      h('p', { class: 'soft', 'data-standing': true }, 'It could not be read. The switches work all the same. ', again),
    );
  }
}

interface Around {
  readonly place: HTMLElement;
  readonly context: PageContext;
  readonly version: number;
}

function rowOf(one: Made, { place, context, version }: Around): HTMLTableRowElement {
  const what = sayAction(one.action);
  const undo = async () => {
    const done = await change({
      title: `Undo ${what}`,
      path: `/v1/controls/${one.change}/undo`,
      act: 'Undo',
      danger: false,
      timed: false,
      seen: version,
    });
    if (done === null) return;
    showReceipt(context.place, { title: `${what} is undone`, ...done });
    await showStanding(place, context);
  };
  return row(
    { mono: what },
    one.approved_by === null ? one.by : `${one.by}, with ${one.approved_by}`,
    one.why,
    moment(one.at),
    one.until === null ? 'never' : moment(one.until),
    h(
      'div',
      { class: 'acts' },
      context.may('controlUndo') && button('Undo …', () => void undo(), { 'aria-label': `Undo ${one.change}` }),
    ),
  );
}
