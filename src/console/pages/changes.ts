/** What operators changed, newest first: undo while it still stands, and approve what waits for a second person. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, button, h, say } from '../dom.ts';
import { moment, plural, span } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { type ChangeOrder, change } from '../parts/change.ts';
import { sayAction } from '../parts/event-text.ts';
import { pageHead } from '../parts/layout.ts';
import { showReceipt } from '../parts/receipt.ts';
import { row, table } from '../parts/table.ts';

type Changes = AnswerOf<'controlList'>;
type Waiting = Changes['pending'][number];
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
      `Controls are at version ${version}. ${plural(made.length, 'change')} by operators, of which ${standing} still ${standing === 1 ? 'stands' : 'stand'}.`,
    ),
    ...(pending.length === 0
      ? []
      : [
          table({
            caption: 'Waiting for a second person',
            columns: ['Asked', 'By', 'What', 'Reason', 'Returns', 'Approve by', ''],
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

function waitingRow(one: Waiting, context: PageContext): HTMLTableRowElement {
  const what = sayAction(one.action);
  const asked = `${one.by} asked for it: ${one.why}`;
  const order = { what, id: one.id, note: asked, ...subjectOf(one.action) };
  const own = one.by === context.me.name;
  const acts = h(
    'div',
    { class: 'acts' },
    own && h('span', { class: 'soft' }, 'yours: somebody else approves it'),
    !own && context.may('controlApprove') && act('approve', order, context),
    context.may('controlReject') && act('reject', order, context),
  );
  const tr = row(
    moment(one.at),
    one.by,
    h('div', {}, h('code', {}, what), h('div', { class: 'sub' }, one.id)),
    one.why,
    one.for_ms === null ? 'never' : `after ${span(one.for_ms)}`,
    moment(one.until),
    acts,
  );
  // A link to what waits is how the second person is called.
  if (context.query.get('pending') === one.id) tr.setAttribute('data-chosen', '');
  return tr;
}

/** What a change is about, where that can be looked at before. */
function subjectOf(action: Waiting['action']): Pick<ChangeOrder, 'preview'> {
  for (const kind of ['category', 'capability', 'tenant', 'host'] as const) {
    const name = action.do.startsWith(`${kind}.`) ? action[kind] : undefined;
    if (typeof name === 'string') return { preview: { kind, name } };
  }
  return {};
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
    h(
      'div',
      { class: 'acts' },
      one.stands && context.may('controlUndo') && act('undo', { what: sayAction(one.action), id: one.change }, context),
    ),
  );
}

const WORDS: Readonly<Record<Act, string>> = { undo: 'Undo', approve: 'Approve', reject: 'Reject' };
const DONE: Readonly<Record<Act, string>> = { undo: 'undone', approve: 'approved, and in force', reject: 'rejected' };

interface Subject extends Pick<ChangeOrder, 'note' | 'preview'> {
  readonly what: string;
  readonly id: string;
}

function act(verb: Act, { what, id, ...more }: Subject, context: PageContext): HTMLButtonElement {
  const go = async () => {
    const done = await change({
      title: `${WORDS[verb]}: ${what}`,
      path: `/v1/controls/${id}/${verb}`,
      act: WORDS[verb],
      danger: verb === 'approve',
      timed: false,
      ...more,
    });
    context.setQuery('pending', '');
    await draw(context);
    if (done === null) return;
    if (verb === 'reject') say(`${what} is rejected.`);
    else showReceipt(context.place, { title: `${what}: ${DONE[verb]}`, ...done });
  };
  return button(`${WORDS[verb]} …`, () => void go(), { 'aria-label': `${WORDS[verb]} ${id}` });
}
