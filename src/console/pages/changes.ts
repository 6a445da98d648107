/** What operators changed, newest first: undo while it still stands, and approve what waits for a second person. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, button, h } from '../dom.ts';
import { moment } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { change } from '../parts/change.ts';
import { sayAction } from '../parts/event-text.ts';
import { pageHead } from '../parts/layout.ts';
import { showReceipt } from '../parts/receipt.ts';
import { row, table } from '../parts/table.ts';

type Changes = AnswerOf<'controlList'>;
type Act = 'undo' | 'approve' | 'reject';

export const changes: Page = {
  path: '/console/changes',
  title: 'Changes',
  group: 'Control',
  key: 'h',
  show: (context) => draw(context),
};

async function draw(context: PageContext): Promise<void> {
  const { version, changes: made, pending } = await ask<'controlList'>('/v1/controls');
  const standing = made.filter((one) => one.stands).length;
  context.place.replaceChildren(
    pageHead(
      'Changes',
      `Controls are at version ${version}. ${standing} of the latest ${made.length} changes still stand.`,
    ),
    ...(pending.length === 0
      ? []
      : [
          table({
            caption: 'Waiting for a second person',
            columns: ['Asked', 'By', 'What', 'Reason', 'Until', ''],
            rows: pending.map((one) => waitingRow(one, context)),
          }),
        ]),
    table({
      caption: 'Made, newest first',
      columns: ['Time', 'What', 'By', 'Reason', 'Returns', 'State', ''],
      rows: made.map((one) => madeRow(one, context)),
      empty: {
        title: 'Nobody has changed anything yet',
        text: 'Blocks, quarantines, revocations and overrides appear here, with their reasons.',
      },
    }),
  );
}

function waitingRow(one: Changes['pending'][number], context: PageContext): HTMLTableRowElement {
  const acts = h(
    'div',
    { class: 'acts' },
    context.may('controlApprove') && act('approve', one.id, context),
    context.may('controlReject') && act('reject', one.id, context),
  );
  return row(moment(one.at), one.by, { mono: sayAction(one.action) }, one.why, moment(one.until), acts);
}

function madeRow(one: Changes['changes'][number], context: PageContext): HTMLTableRowElement {
  const by = one.approved_by === null ? one.by : `${one.by}, with ${one.approved_by}`;
  return row(
    moment(one.at),
    h('div', {}, h('code', {}, sayAction(one.action)), h('div', { class: 'sub' }, one.change)),
    by,
    one.why,
    one.until === null ? '–' : moment(one.until),
    one.stands ? badge('warn', 'stands', 'clock') : badge('soft', 'no longer stands'),
    h('div', { class: 'acts' }, one.stands && context.may('controlUndo') && act('undo', one.change, context)),
  );
}

const WORDS: Readonly<Record<Act, string>> = { undo: 'Undo', approve: 'Approve', reject: 'Reject' };

function act(what: Act, id: string, context: PageContext): HTMLButtonElement {
  const label = `${WORDS[what]} ${id}`;
  const go = async () => {
    const done = await change({
      title: label,
      path: `/v1/controls/${id}/${what}`,
      act: WORDS[what],
      danger: what === 'approve',
      timed: false,
    });
    if (done === null) return;
    await draw(context);
    if (what !== 'reject') showReceipt(context.place, { title: `${label}: done`, ...done });
  };
  return button(`${WORDS[what]} …`, () => void go(), { 'aria-label': label });
}
