/** How the record is kept: its signing keys, how long entries stay, where they are forwarded to, whose seal is broken. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, button, h } from '../dom.ts';
import { count, moment, plural } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { change } from '../parts/change.ts';
import { card, facts, field, loading, pageHead } from '../parts/layout.ts';
import { showDone } from '../parts/receipt.ts';
import { row, table } from '../parts/table.ts';
import { showReceivers } from './keeping-receivers.ts';

type Keys = AnswerOf<'auditKeys'>;

export const keeping: Page = {
  path: '/console/keeping',
  title: 'Keeping',
  group: 'Administer',
  key: 'k',
  needs: 'auditKeys',
  show: (context) => draw(context),
};

async function draw(context: PageContext): Promise<void> {
  const [keys, kept] = await Promise.all([
    ask<'auditKeys'>('/v1/audit/keys'),
    ask<'auditRetention'>('/v1/audit/retention'),
  ]);
  const receivers = h('div', { class: 'stack' }, loading());
  context.place.replaceChildren(
    pageHead('Keeping', 'How the record is signed, how long it is kept, and who else gets it.'),
    keyTable(keys),
    h('div', { class: 'actions start' }, context.may('auditRotate') && rotateButton(keys, context)),
    h('h2', {}, 'Forwarding'),
    receivers,
    h('div', { class: 'grid wide' }, retentionCard(kept, context), shredCard(context)),
  );
  showReceivers(receivers, context.signal);
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
    showDone(context.place, {
      title: 'A new key signs',
      text: 'Give its public half, the first below, to those who verify.',
      figures: [['The old key signs beside it for', plural(days, 'day')]],
    });
  };
  return button('Rotate the key …', () => void go());
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
    const older = Number(days.value);
    const { would_remove: going } = await ask<'auditRetention'>('/v1/audit/retention', {
      query: { older_than_days: older },
    });
    const done = await change({
      title: `Remove entries older than ${plural(older, 'day')}`,
      note:
        going === 0
          ? 'Nothing would go now: only whole segments of 65,536 entries go, once the last entry of one is old enough.'
          : `${plural(going, 'entry', 'entries')} would go now, for good. What remains verifies.`,
      path: '/v1/audit/prune',
      act: 'Remove them',
      danger: true,
      timed: false,
      confirm: plural(older, 'day'),
      more: { older_than_days: older },
    });
    if (done === null) return;
    const { sealed, removed, first_kept: first } = done.receipt as unknown as AnswerOf<'auditPrune'>;
    await draw(context);
    showDone(context.place, {
      title: removed === 0 ? 'Nothing was old enough to go' : `${plural(removed, 'entry', 'entries')} removed`,
      text: removed === 0 ? 'Only whole segments of 65,536 entries go.' : 'What remains verifies: see Record.',
      figures: [
        ['Entries removed', count(removed)],
        ['Segments compressed', count(sealed)],
        ['First entry kept', count(first)],
      ],
    });
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
    showDone(context.place, {
      title: shredded ? `The key of ${name} is destroyed` : `${name} had no key`,
      text: shredded
        ? 'What it sealed can never be read again. What it does from now on is sealed with a new key.'
        : 'Nothing of it stands sealed in the record; is the name right?',
      figures: [],
    });
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
