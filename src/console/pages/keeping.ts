/** How the record is kept: its signing keys, how long entries stay, where they are forwarded to, whose seal is broken. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, button, h, say } from '../dom.ts';
import { count, moment, plural, span } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { change } from '../parts/change.ts';
import { card, facts, field, pageHead } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';

type Keys = AnswerOf<'auditKeys'>;
type Receiver = AnswerOf<'auditForward'>['receivers'][number];

export const keeping: Page = {
  path: '/console/keeping',
  title: 'Keeping',
  group: 'Administer',
  key: 'k',
  needs: 'auditKeys',
  show: (context) => draw(context),
};

async function draw(context: PageContext): Promise<void> {
  const [keys, kept, forwarded] = await Promise.all([
    ask<'auditKeys'>('/v1/audit/keys'),
    ask<'auditRetention'>('/v1/audit/retention'),
    ask<'auditForward'>('/v1/audit/forward'),
  ]);
  context.place.replaceChildren(
    pageHead('Keeping', 'How the record is signed, how long it is kept, and who else gets it.'),
    keyTable(keys),
    h('div', { class: 'actions start' }, context.may('auditRotate') && rotateButton(keys, context)),
    h('h2', {}, 'Forwarding'),
    receiverTable(forwarded),
    h('div', { class: 'grid wide' }, retentionCard(kept, context), shredCard(context)),
  );
}

function keyTable({ origin, keys }: Keys): HTMLElement {
  const state = ({ signs, until }: Keys['keys'][number]) =>
    signs
      ? h(
          'div',
          {},
          badge('good', 'signs'),
          h('div', { class: 'sub' }, until !== null && 'until ', until !== null && moment(until)),
        )
      : badge('soft', 'verifies only');
  return table({
    caption: `Keys of the log ${origin}, newest first`,
    columns: ['Verifier key', 'Made', 'State'],
    rows: keys.map((one) => row(h('code', {}, one.key), moment(one.made_at), state(one))),
  });
}

function rotateButton({ overlap_days: days }: Keys, context: PageContext): HTMLElement {
  const go = async () => {
    const done = await change({
      title: `Make a new key. The present one signs beside it for ${plural(days, 'day')}.`,
      path: '/v1/audit/keys/rotate',
      act: 'Rotate',
      danger: false,
      timed: false,
    });
    if (done === null) return;
    await draw(context);
    say('A new key signs. Give its public half to those who verify.');
  };
  return button('Rotate the key …', () => void go());
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

function retentionCard(kept: AnswerOf<'auditRetention'>, context: PageContext): HTMLElement {
  const days = h('input', {
    name: 'days',
    type: 'number',
    min: 1,
    max: 3650,
    value: kept.retention_days,
    required: true,
  });
  const go = async (event: Event) => {
    event.preventDefault();
    const done = await change({
      title: `Remove entries older than ${plural(Number(days.value), 'day')}`,
      path: '/v1/audit/prune',
      act: 'Remove them',
      danger: true,
      timed: false,
      confirm: `${days.value} days`,
      more: { older_than_days: Number(days.value) },
    });
    if (done === null) return;
    const { sealed, removed } = done.receipt as unknown as AnswerOf<'auditPrune'>;
    await draw(context);
    say(`${plural(sealed, 'segment')} sealed, ${plural(removed, 'entry', 'entries')} removed. What remains verifies.`);
  };
  return card(
    'Retention',
    facts([
      ['Kept for', plural(kept.retention_days, 'day')],
      ['Compressed after', plural(kept.seal_after_days, 'day')],
      ['First entry kept', count(kept.first_kept)],
      ['Entries', count(kept.size - kept.first_kept)],
    ]),
    h(
      'p',
      { class: 'soft' },
      'Runs by itself every hour; whole segments go, and the checkpoints that lead past them stay.',
    ),
    context.may('auditPrune') &&
      h(
        'form',
        { class: 'beside', submit: (event: Event) => void go(event) },
        field('Older than, in days', days),
        h('button', { type: 'submit', class: 'danger' }, 'Remove now …'),
      ),
  );
}

function shredCard(context: PageContext): HTMLElement {
  const tenant = h('input', {
    name: 'tenant',
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'acme',
  });
  const go = async (event: Event) => {
    event.preventDefault();
    const name = tenant.value.trim();
    const done = await change({
      title: `Destroy the key of ${name}. This cannot be undone.`,
      path: '/v1/audit/shred',
      act: 'Destroy the key',
      danger: true,
      timed: false,
      confirm: name,
      more: { tenant: name },
    });
    if (done === null) return;
    const { shredded } = done.receipt as unknown as AnswerOf<'auditShred'>;
    tenant.value = '';
    say(shredded ? `The key of ${name} is destroyed.` : `${name} had no key.`);
  };
  return card(
    'Forget a tenant',
    h(
      'p',
      { class: 'soft' },
      'Paths of a tenant may be sealed with a key of its own. Without the key nobody reads them any more, and the log goes on verifying.',
    ),
    context.may('auditShred')
      ? h(
          'form',
          { class: 'beside', submit: (event: Event) => void go(event) },
          field('Tenant', tenant),
          h('button', { type: 'submit', class: 'danger' }, 'Destroy its key …'),
        )
      : h('p', { class: 'soft' }, `Your role, ${context.me.role}, may not.`),
  );
}
