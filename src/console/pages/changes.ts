/** What operators changed, newest first: undo while it still stands, and approve what waits for a second person. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { change, showReceipt } from '../change.ts';
import { cells, h, moment, table } from '../dom.ts';
import type { Page, PageContext } from '../page.ts';

type Changes = AnswerOf<'controlList'>;
type Act = 'undo' | 'approve' | 'reject';

export const changes: Page = {
  path: '/console/changes',
  title: 'Changes',
  key: 'h',
  show: async (context) => {
    context.place.replaceChildren(h('h2', {}, 'Changes'), h('p', { class: 'soft' }, 'Loading …'));
    await draw(context);
  },
};

async function draw(context: PageContext): Promise<void> {
  const { version, changes: made, pending } = await ask<'controlList'>('/v1/controls');
  context.place.replaceChildren(
    h('h2', {}, 'Changes'),
    h('p', { class: 'soft' }, `Controls are at version ${version}.`),
    pending.length === 0
      ? h('span')
      : table(
          'Waiting for a second person',
          WAITING,
          pending.map((one) => waitingRow(one, context)),
        ),
    table(
      'Made, newest first',
      MADE,
      made.map((one) => madeRow(one, context)),
    ),
  );
}

const WAITING = ['Asked', 'By', 'What', 'Reason', 'Until', ''];
const MADE = ['Time', 'By', 'What', 'Reason', 'Returns', ''];

function waitingRow(one: Changes['pending'][number], context: PageContext): HTMLTableRowElement {
  const buttons = h(
    'span',
    { class: 'actions' },
    button('approve', `Approve ${one.id}`, one.id, context),
    button('reject', `Reject ${one.id}`, one.id, context),
  );
  return cells(moment(one.at), one.by, sayAction(one.action), one.why, moment(one.until), buttons);
}

function madeRow(one: Changes['changes'][number], context: PageContext): HTMLTableRowElement {
  const by = one.approved_by === null ? one.by : `${one.by}, with ${one.approved_by}`;
  const returns = one.until === null ? '–' : moment(one.until);
  const back = one.stands ? button('undo', `Undo ${one.change}`, one.change, context) : 'no longer stands';
  return cells(moment(one.at), by, sayAction(one.action), one.why, returns, back);
}

/** `category.block net-disks` from `{ do: 'category.block', category: 'net-disks' }`. */
function sayAction(action: Readonly<Record<string, unknown>>): string {
  const named = Object.entries(action).filter(([key, value]) => key !== 'do' && typeof value === 'string');
  return [action['do'], ...named.map(([, value]) => value)].join(' ');
}

function button(act: Act, label: string, id: string, context: PageContext): HTMLButtonElement {
  const go = async () => {
    const path = `/v1/controls/${id}/${act}`;
    const receipt = await change({ title: label, path, act: label, danger: act === 'approve', timed: false });
    if (receipt === null) return;
    await draw(context);
    if (act !== 'reject') showReceipt(context.place, label, receipt);
  };
  return h('button', { type: 'button', click: () => void go() }, label);
}
