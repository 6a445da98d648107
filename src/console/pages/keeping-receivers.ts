/** Who else gets the record, and how far each has got; looked at again while the page is open. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, h } from '../dom.ts';
import { count, moment, plural, span } from '../format.ts';
import { problem } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';

type Receiver = AnswerOf<'auditForward'>['receivers'][number];

const AGAIN_MS = 3000;

/** Nothing else on the page waits for it: a thread that forwards may be slow to answer when its receivers are. */
export function showReceivers(place: HTMLElement, signal: AbortSignal): void {
  let timer = 0;
  const again = async () => {
    await look(place, signal);
    if (!signal.aborted) timer = window.setTimeout(() => void again(), AGAIN_MS);
  };
  signal.addEventListener('abort', () => clearTimeout(timer));
  void again();
}

async function look(place: HTMLElement, signal: AbortSignal): Promise<void> {
  try {
    const forwarded = await ask<'auditForward'>('/v1/audit/forward', { signal });
    // Whoever reads or scrolls it is not disturbed.
    if (!place.contains(document.activeElement)) place.replaceChildren(receiverTable(forwarded));
  } catch (error) {
    if (signal.aborted || place.querySelector('table') !== null) return;
    place.replaceChildren(problem(error instanceof Error ? error.message : 'it failed'));
  }
}

const TONES = { current: 'good', sending: 'warn', failing: 'bad' } as const;

function receiverTable({ receivers }: AnswerOf<'auditForward'>): HTMLElement {
  return table({
    caption: `${plural(receivers.length, 'receiver')} of the record`,
    columns: [
      'Receiver',
      'State',
      { head: 'Behind', number: true },
      { head: 'Delivered', number: true },
      { head: 'Lost', number: true },
      'Last failure',
    ],
    rows: receivers.map(receiverRow),
    empty: {
      title: 'The record is forwarded to nobody',
      text: 'Name a syslog, OTLP or webhook receiver under audit.forward in the configuration.',
    },
  });
}

function receiverRow(one: Receiver): HTMLTableRowElement {
  const { last_failure: failure } = one;
  return row(
    h('div', {}, h('strong', {}, one.name), h('div', { class: 'sub' }, `${one.kind} · ${one.to}`)),
    badge(TONES[one.state], one.state),
    {
      number:
        one.lag_entries === 0 ? '0' : `${plural(one.lag_entries, 'entry', 'entries')}, ${span(one.lag_seconds * 1000)}`,
    },
    { number: count(one.delivered) },
    { number: one.lost === 0 ? '0' : h('strong', { class: 'bad' }, count(one.lost)) },
    failure === null
      ? '–'
      : h('div', {}, moment(failure.time), h('div', { class: 'sub' }, `${failure.cause}: ${failure.message}`)),
  );
}
