/** What a change did: how much was live, how much was cut, how long it took, and the way back. */

import type { AnswerOf } from '../../admin/contract.ts';
import { post } from '../api.ts';
import { badge, button, h, link, put, say } from '../dom.ts';
import { count, moment, plural, span } from '../format.ts';
import { stat } from './layout.ts';

export type Receipt = AnswerOf<'categoryBlock'>;

export interface ReceiptOrder {
  readonly title: string;
  readonly receipt: Receipt;
  readonly tookMs: number;
  /** After which it returns by itself; null: never. */
  readonly forMs?: number | null;
  /** Called after an undo; absent where the role may not undo. */
  readonly undone?: (() => Promise<void> | void) | undefined;
}

/** Put first on the page. */
export function showReceipt(place: Element, order: ReceiptOrder): void {
  const { title, receipt, tookMs, forMs = null, undone } = order;
  const { live, cut, dependants, missed, slowest_ms: slowest, decisions, version, change } = receipt;
  const box = h('section', {
    class: 'receipt',
    'data-receipt': change,
    'aria-label': `Receipt: ${title}`,
    tabindex: '-1',
  });
  const close = button('Put away', () => box.remove());
  const back = undone === undefined ? null : undo(change, box, undone);
  put(
    box,
    h(
      'div',
      { class: 'receipt-head' },
      badge(missed.length === 0 ? 'good' : 'bad', missed.length === 0 ? 'done' : 'not all cut'),
      h('strong', {}, title),
      h('span', { class: 'actions' }, back, close),
    ),
    h(
      'div',
      { class: 'stats' },
      stat('Cut', `${count(cut)} of ${count(dependants)}`, `${plural(live, 'flow')} were live`),
      stat('Slowest cut', dependants === 0 ? '–' : span(slowest)),
      stat('Answered in', span(tookMs)),
      stat('Cached decisions ended', count(decisions)),
      stat('Controls', `version ${version}`, link('/console/changes', change)),
      forMs !== null && stat('Returns', moment(Date.now() + forMs), `in ${span(forMs)}`),
    ),
  );
  if (missed.length > 0) put(box, h('p', { class: 'bad' }, `NOT cut: ${missed.join(', ')}`));
  if (receipt.warning !== undefined) put(box, h('p', { class: 'bad' }, receipt.warning));
  if (receipt.fleet) put(box, ...fleetOf(receipt.fleet));
  place.querySelector('.page-head')?.after(box);
  // The dialog is gone, and often the button that opened it: what comes next is the way back.
  box.focus();
  say(
    dependants === 0
      ? `${title}; no flow depended on it.`
      : `${title}: ${cut} of ${dependants} dependent flows cut, the slowest in ${span(slowest)}.`,
  );
}

/** What the members of a fleet said. */
function fleetOf({ members, confirmed, denying, cut, dependants, missed, ...rest }: NonNullable<Receipt['fleet']>) {
  const within = rest.confirmed_ms === null ? null : `within ${span(rest.confirmed_ms)}`;
  const left = rest.cut_off.map(({ node, denies_from: from }) =>
    h('p', { class: 'bad' }, `Cut off: ${node}, denies everything from `, moment(from), ' on'),
  );
  return [
    h(
      'div',
      { class: 'stats' },
      stat('Members that confirmed', `${count(confirmed)} of ${count(members)}`, within),
      stat('Cut at members', `${count(cut)} of ${count(dependants)}`, `the slowest in ${span(rest.slowest_ms)}`),
      denying > 0 && stat('Without a lease', count(denying), 'they deny everything'),
    ),
    missed > 0 && h('p', { class: 'bad' }, `NOT cut at members: ${plural(missed, 'flow')}`),
    ...left,
  ];
}

export interface DoneOrder {
  readonly title: string;
  readonly text: string;
  readonly figures: readonly (readonly [name: string, value: string])[];
}

/** What was done where nothing is cut and nothing can be taken back; it stays until it is put away. */
export function showDone(place: Element, { title, text, figures }: DoneOrder): void {
  const box = h('section', { class: 'receipt', 'data-done': true, 'aria-label': `Done: ${title}`, tabindex: '-1' });
  put(
    box,
    h(
      'div',
      { class: 'receipt-head' },
      badge('good', 'done'),
      h('strong', {}, title),
      h(
        'span',
        { class: 'actions' },
        button('Put away', () => box.remove()),
      ),
    ),
    h('p', {}, text),
    figures.length > 0 && h('div', { class: 'stats' }, ...figures.map(([name, value]) => stat(name, value))),
  );
  place.querySelector('.page-head')?.after(box);
  box.focus();
  say(`${title}. ${text}`);
}

function undo(change: string, box: Element, undone: () => Promise<void> | void): HTMLButtonElement {
  const go = async () => {
    const said = 'undone from its receipt';
    const began = performance.now();
    try {
      const receipt = await post<'controlUndo'>(`/v1/controls/${change}/undo`, { why: said });
      box.remove();
      await undone();
      const place = document.getElementById('main');
      if (place) showReceipt(place, { title: `${change} is undone`, receipt, tookMs: performance.now() - began });
    } catch (error) {
      put(box, h('p', { class: 'bad', role: 'alert' }, error instanceof Error ? error.message : 'it failed'));
    }
  };
  return button('Undo', () => void go());
}
