/** A change by an operator: what it would do is shown first, a reason is asked for, and what it did is shown after. */

import type { AnswerOf } from '../admin/contract.ts';
import { ask } from './api.ts';
import { h, put, say } from './dom.ts';

export type Receipt = AnswerOf<'categoryBlock'>;

export interface ChangeOrder {
  readonly title: string;
  /** Path of the change. */
  readonly path: string;
  readonly act: string;
  readonly danger: boolean;
  /** Shown above the reason: what hangs on it now. */
  readonly before?: Promise<Node>;
  /** A name that has to be typed, for what cuts much. */
  readonly confirm?: string;
  /** Whether it may return by itself after a while. */
  readonly timed: boolean;
}

/** Null when the operator thought better of it. */
export function change(order: ChangeOrder): Promise<Receipt | null> {
  const why = h('input', { name: 'why', required: true, maxlength: '500', autocomplete: 'off' });
  const until = h('select', { name: 'for' }, ...DURATIONS.map(([ms, text]) => h('option', { value: ms }, text)));
  const typed = h('input', { name: 'confirm', autocomplete: 'off' });
  const problem = h('p', { role: 'alert', class: 'bad' });
  const seen = h('div', {}, h('p', { class: 'soft' }, 'Looking what hangs on it …'));
  const go = h('button', { type: 'submit', class: order.danger ? 'danger' : 'primary' }, order.act);
  const form = h(
    'form',
    { method: 'dialog' },
    h('h2', { id: 'change-title' }, order.title),
    seen,
    h('label', {}, 'Reason, kept in the record', why),
    order.timed && h('label', {}, 'Returns by itself', until),
    order.confirm !== undefined && h('label', {}, `Type ${order.confirm} to confirm`, typed),
    problem,
    h('div', { class: 'actions' }, h('button', { type: 'button', click: () => dialog.close() }, 'Leave it'), go),
  );
  const dialog = h('dialog', { 'aria-labelledby': 'change-title' }, form);
  document.body.append(dialog);
  (order.before ?? Promise.resolve(h('span'))).then(
    (node) => seen.replaceChildren(node),
    (error: Error) => seen.replaceChildren(h('p', { class: 'bad' }, error.message)),
  );
  dialog.showModal();
  why.focus();
  return new Promise((resolve) => {
    let receipt: Receipt | null = null;
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(receipt);
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (order.confirm !== undefined && typed.value !== order.confirm) {
        problem.textContent = `Type ${order.confirm} exactly.`;
        return;
      }
      go.disabled = true;
      const body = { why: why.value, ...(order.timed && until.value !== '' ? { for_ms: Number(until.value) } : {}) };
      ask<'categoryBlock'>(order.path, { method: 'POST', body }).then(
        (answer) => {
          receipt = answer;
          dialog.close();
        },
        (error: Error) => {
          problem.textContent = error.message;
          go.disabled = false;
        },
      );
    });
  });
}

const DURATIONS: readonly (readonly [string, string])[] = [
  ['', 'never'],
  ['1800000', 'after 30 minutes'],
  ['7200000', 'after 2 hours'],
  ['86400000', 'after a day'],
];

/** What a change did, in one sentence, put first on the page. */
export function showReceipt(place: Element, title: string, receipt: Receipt): void {
  const { live, cut, missed, slowest_ms: slowest, decisions, version } = receipt;
  const text = `${cut} of ${live} live flows cut, the slowest in ${slowest.toFixed(1)} ms; ${decisions} cached decisions ended; controls are at version ${version}.`;
  const box = h('div', { class: 'receipt', 'data-receipt': receipt.change });
  put(box, h('strong', {}, title), h('p', {}, text));
  if (missed.length > 0) put(box, h('p', { class: 'bad' }, `NOT cut: ${missed.join(', ')}`));
  place.prepend(box);
  say(`${title}: ${text}`);
}
