/** The record: search, one entry whole, and the proof of it. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { cells, h, hostOf, moment, table, verdict } from '../dom.ts';
import type { Page } from '../page.ts';

type Logged = AnswerOf<'auditQuery'>['events'][number];

const FIELDS = ['type', 'tenant', 'task', 'host', 'effect', 'reason', 'category', 'id'] as const;
let first: HTMLInputElement | null = null;

export const record: Page = {
  path: '/console/record',
  title: 'Record',
  key: 'r',
  keys: { '/': () => first?.focus() },
  show: async ({ place, query, setQuery }) => {
    const found = h('div');
    const inputs = FIELDS.map((name) => h('input', { name, value: query.get(name) ?? '', autocomplete: 'off' }));
    first = inputs[0] ?? null;
    const search = async () => {
      for (const input of inputs) setQuery(input.name, input.value);
      const wanted = Object.fromEntries(inputs.filter((i) => i.value !== '').map((i) => [i.name, i.value]));
      const { events } = await ask<'auditQuery'>('/v1/audit', { query: { ...wanted, limit: 100 } });
      found.replaceChildren(
        table(
          `${events.length} entries, newest first`,
          ['Entry', 'Time', 'Type', 'Effect', 'Tenant', 'What', 'Proof'],
          events.map((one) => rowOf(one, found)),
        ),
      );
    };
    const head = h('p', { class: 'soft' }, 'Loading …');
    place.replaceChildren(
      h('h2', {}, 'Record'),
      head,
      h(
        'form',
        {
          class: 'row',
          submit: (event) => {
            event.preventDefault();
            search().catch((error: Error) =>
              found.replaceChildren(h('p', { class: 'problem', role: 'alert' }, error.message)),
            );
          },
        },
        ...FIELDS.map((name, i) => h('label', {}, name, inputs[i])),
        h('button', { type: 'submit', class: 'primary' }, 'Search'),
      ),
      found,
    );
    const { size, root } = await ask<'auditCheckpoint'>('/v1/audit/checkpoint');
    head.textContent = `The last signed checkpoint is over ${size} entries; its root is ${root}.`;
    await search();
  },
};

function rowOf({ seq, event }: Logged, place: Element): HTMLTableRowElement {
  const what = [event['reason'], hostOf(event), event['status'], event['change']]
    .filter((part) => typeof part === 'string')
    .join(' · ');
  return cells(
    String(seq),
    moment(String(event['time'])),
    String(event['type']),
    typeof event['effect'] === 'string' ? verdict(event['effect']) : '',
    typeof event['tenant'] === 'string' ? event['tenant'] : '–',
    h('details', {}, h('summary', {}, what === '' ? 'whole' : what), h('pre', {}, JSON.stringify(event, null, 2))),
    h('button', { type: 'button', click: () => prove(seq, place) }, `Prove ${seq}`),
  );
}

function prove(seq: number, place: Element): void {
  ask<'auditProof'>(`/v1/audit/proof/${seq}`).then(
    (proof) =>
      place.prepend(
        h(
          'div',
          { class: 'receipt' },
          h('strong', {}, `Inclusion proof of entry ${seq}`),
          h(
            'p',
            {},
            `${proof.proof.length} hashes lead from the entry to the signed checkpoint. Save it as a file; \`locktender audit verify\` and docs/verify_proof.py check it with the public key alone.`,
          ),
          h('pre', { class: 'scroll' }, JSON.stringify(proof, null, 2)),
        ),
      ),
    (error: Error) => place.prepend(h('p', { class: 'problem', role: 'alert' }, error.message)),
  );
}
