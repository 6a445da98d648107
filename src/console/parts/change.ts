/** A change by an operator: what it would do is shown first, a reason is asked for, and what it did is shown after. */

import { ApiFault, post } from '../api.ts';
import { badge, h, link, openDialog } from '../dom.ts';
import { moment } from '../format.ts';
import { field, problem } from './layout.ts';
import { type Previewed, showPreview } from './preview.ts';
import type { Receipt } from './receipt.ts';

export interface ChangeOrder {
  readonly title: string;
  /** Path of the change. */
  readonly path: string;
  /** What there is to know before it, beside the preview. */
  readonly note?: string;
  readonly act: string;
  readonly danger: boolean;
  /** What is looked at before: what hangs on it now, and what the last day had of it. */
  readonly preview?: Previewed;
  /** A name that has to be typed, for what cuts much. */
  readonly confirm?: string;
  /** Whether it may return by itself after a while. */
  readonly timed: boolean;
  /** Whether it can be for one tenant only; the tenant that is offered. */
  readonly tenant?: string | null;
  /** What else goes with it. */
  readonly more?: Readonly<Record<string, string | number>>;
  /** Version of the controls that was seen. Given where something is opened: what cuts is never held up. */
  readonly seen?: number;
}

export interface Done {
  readonly receipt: Receipt;
  /** From the press of the button to the answer. */
  readonly tookMs: number;
  readonly forMs: number | null;
}

/** Null when the operator thought better of it. */
export function change(order: ChangeOrder): Promise<Done | null> {
  const inputs = inputsOf(order);
  const told = h('div');
  const seen = h('div', { class: 'preview', 'aria-live': 'polite' });
  const go = h('button', { type: 'submit', class: order.danger ? 'danger solid' : 'primary' }, order.act);
  let done: Done | null = null;
  const act = async (event: Event) => {
    event.preventDefault();
    const wrong = order.confirm !== undefined && inputs.typed.value !== order.confirm;
    if (wrong) return told.replaceChildren(problem(`Type ${order.confirm} exactly.`));
    go.disabled = true;
    try {
      done = await send(order, inputs);
      dialog.close();
    } catch (error) {
      const asked = awaitsAnother(error, order);
      told.replaceChildren(asked ?? problem(error instanceof Error ? error.message : 'it failed'));
      // What is asked for once need not be asked for again.
      if (asked === null) go.disabled = false;
      else leave.textContent = 'Close';
    }
  };
  const leave = h('button', { type: 'button', click: () => dialog.close() }, 'Leave it');
  const form = h(
    'form',
    { submit: (event) => void act(event) },
    h('h2', { id: 'change-title' }, order.title),
    order.note !== undefined && h('p', {}, order.note),
    order.preview !== undefined && seen,
    ...fieldsOf(order, inputs),
    told,
    h('div', { class: 'actions' }, leave, go),
  );
  const dialog = openDialog({ 'aria-labelledby': 'change-title' }, form);
  if (order.preview !== undefined) void showPreview(order.preview, seen);
  inputs.why.focus();
  return new Promise((resolve) => dialog.addEventListener('close', () => resolve(done)));
}

/** A change that somebody else must approve has not failed; to approve one's own has. */
function awaitsAnother(error: unknown, { path }: ChangeOrder): HTMLElement | null {
  const { code, pending = '', until = 0 } = (error instanceof ApiFault ? error.said : null) ?? {};
  if (code !== 'needs_second_person' || path.includes(pending)) return null;
  return h(
    'div',
    { class: 'receipt waits', role: 'status', 'data-pending': pending },
    h('p', {}, badge('warn', 'waits for a second person', 'clock')),
    h(
      'p',
      {},
      h('strong', {}, 'It is asked for, and NOT in force.'),
      ' Somebody other than you has to approve it by ',
      moment(until),
      ', under Changes or with the command:',
    ),
    h('p', {}, link(`/console/changes?pending=${pending}`, 'Open it under Changes')),
    h('p', {}, h('code', {}, `locktender control approve ${pending}`)),
  );
}

interface Inputs {
  readonly why: HTMLInputElement;
  readonly until: HTMLSelectElement;
  readonly scope: HTMLSelectElement;
  readonly typed: HTMLInputElement;
}

function inputsOf({ tenant }: ChangeOrder): Inputs {
  const option = (value: string, text: string) => h('option', { value }, text);
  return {
    why: h('input', { name: 'why', required: true, maxlength: '500', autocomplete: 'off' }),
    until: h('select', { name: 'for' }, ...DURATIONS.map(([ms, text]) => option(ms, text))),
    scope: h('select', { name: 'scope' }, option(tenant ?? '', `${tenant} only`), option('', 'every tenant')),
    typed: h('input', { name: 'confirm', autocomplete: 'off', spellcheck: 'false' }),
  };
}

function fieldsOf({ tenant, timed, confirm }: ChangeOrder, { why, until, scope, typed }: Inputs): HTMLElement[] {
  return [
    field('Reason, kept in the record', why),
    ...(isNamed(tenant) ? [field('For', scope)] : []),
    ...(timed ? [field('Returns by itself', until)] : []),
    ...(confirm === undefined ? [] : [field(`Type ${confirm} to confirm`, typed)]),
  ];
}

async function send({ path, timed, tenant, seen, more }: ChangeOrder, { why, until, scope }: Inputs): Promise<Done> {
  const forMs = timed && until.value !== '' ? Number(until.value) : null;
  const body = {
    why: why.value,
    ...more,
    ...(timed ? { for_ms: forMs } : {}),
    ...(isNamed(tenant) && scope.value !== '' ? { tenant: scope.value } : {}),
  };
  const began = performance.now();
  const receipt = await post<'categoryBlock'>(path, body, seen === undefined ? {} : { seen });
  return { receipt, tookMs: performance.now() - began, forMs };
}

const isNamed = (tenant: string | null | undefined): boolean => tenant !== undefined && tenant !== null;

const DURATIONS: readonly (readonly [string, string])[] = [
  ['', 'never'],
  ['300000', 'after 5 minutes'],
  ['1800000', 'after 30 minutes'],
  ['7200000', 'after 2 hours'],
  ['28800000', 'after 8 hours'],
  ['86400000', 'after a day'],
  ['604800000', 'after a week'],
];
