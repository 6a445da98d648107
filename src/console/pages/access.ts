/** Tokens of this API: who has one, as what and until when; a new one, and ending one. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask, post } from '../api.ts';
import { badge, button, h } from '../dom.ts';
import { moment, plural } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { change } from '../parts/change.ts';
import { card, field, pageHead, problem } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';

type Token = AnswerOf<'tokenList'>['tokens'][number];

export const access: Page = {
  path: '/console/access',
  title: 'Access',
  group: 'Administer',
  key: 'x',
  needs: 'tokenList',
  show: (context) => draw(context),
};

async function draw(context: PageContext): Promise<void> {
  const { tokens } = await ask<'tokenList'>('/v1/tokens');
  const told = h('div', { 'aria-live': 'polite' });
  context.place.replaceChildren(
    pageHead('Access', 'Who may use this API and this console. Only hashes of tokens are kept; a token is shown once.'),
    told,
    newToken(context, told),
    table({
      caption: plural(tokens.length, 'token'),
      columns: ['Name', 'Role', 'Made', 'Ends', 'State', ''],
      rows: tokens.map((one) => rowOf(one, context)),
      empty: { title: 'No token' },
    }),
  );
}

function rowOf(one: Token, context: PageContext): HTMLTableRowElement {
  const over = one.expires_at !== null && one.expires_at < Date.now();
  const revoke = async () => {
    const path = `/v1/tokens/${encodeURIComponent(one.id)}/revoke`;
    const own = one.name === context.me.name ? ' It may be the one that you use now.' : '';
    const title = `Revoke the token of ${one.name}, ${one.role}.${own}`;
    const done = await change({ title, path, act: 'Revoke now', danger: true, timed: false });
    if (done !== null) await draw(context);
  };
  return row(
    h('div', {}, h('strong', {}, one.name), h('div', { class: 'sub' }, one.id)),
    one.role,
    moment(one.created_at),
    one.expires_at === null ? 'when revoked' : moment(one.expires_at),
    over ? badge('soft', 'ended', 'clock') : badge('good', 'holds'),
    h(
      'div',
      { class: 'acts' },
      button('Revoke …', () => void revoke(), { class: 'danger', 'aria-label': `Revoke the token of ${one.name}` }),
    ),
  );
}

const ROLES = ['viewer', 'operator', 'security', 'auditor', 'admin'];
const LIVES = [
  ['28800000', '8 hours'],
  ['86400000', 'a day'],
  ['2592000000', '30 days'],
  ['', 'until it is revoked'],
] as const;

function newToken(context: PageContext, told: HTMLElement): HTMLElement {
  const name = h('input', { name: 'name', required: true, autocomplete: 'off', maxlength: '200' });
  const role = h('select', { name: 'role' }, ...ROLES.map((one) => h('option', { value: one }, one)));
  const ttl = h('select', { name: 'ttl' }, ...LIVES.map(([ms, text]) => h('option', { value: ms }, text)));
  const why = h('input', { name: 'why', required: true, autocomplete: 'off', maxlength: '500' });
  const make = async () => {
    try {
      const body = {
        name: name.value,
        role: role.value,
        ttl_ms: ttl.value === '' ? null : Number(ttl.value),
        why: why.value,
      };
      const made = await post<'tokenMake'>('/v1/tokens', body);
      await draw(context);
      const box = h(
        'div',
        { class: 'receipt' },
        h('p', {}, `The token of ${made.name}, ${made.role}. It is not shown again.`),
        h('pre', { tabindex: '0', 'data-token': true }, made.token),
      );
      context.place.querySelector('.page-head')?.after(box);
    } catch (error) {
      told.replaceChildren(problem(error instanceof Error ? error.message : 'it failed'));
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void make();
  };
  return card(
    'A new token',
    h(
      'form',
      { class: 'filters', submit },
      field('Who will use it', name),
      field('Role', role),
      field('Holds for', ttl),
      field('Reason, kept in the record', why),
      h('button', { type: 'submit', class: 'primary' }, 'Make it'),
    ),
  );
}
