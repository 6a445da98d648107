/** Signing in: by a token, or at the organisation's own identity provider where one is configured. */

import type { AnswerOf } from '../admin/contract.ts';
import { ask, post, session } from './api.ts';
import { button, h } from './dom.ts';
import { field, problem } from './parts/layout.ts';

const KEY = 'locktender-login-key';

export function signIn(place: HTMLElement, entered: () => void, trouble = ''): void {
  document.title = 'Sign in · Locktender';
  const token = h('input', { type: 'password', name: 'token', required: true, autocomplete: 'off' });
  const said = h('div', {}, trouble !== '' && problem(trouble));
  const other = h('div');
  const enter = (event: Event) => {
    event.preventDefault();
    session.enter(token.value.trim());
    ask<'me'>('/v1/me').then(entered, (error: Error) => {
      session.leave();
      said.replaceChildren(problem(error.message));
    });
  };
  place.replaceChildren(
    h(
      'div',
      { class: 'sign-in' },
      h('h1', {}, 'Sign in'),
      h(
        'p',
        { class: 'lead' },
        'With a token of this appliance: the one in the file ',
        h('code', {}, 'admin-token'),
        ' of its state directory, or one that ',
        h('code', {}, 'locktender token issue'),
        ' made.',
      ),
      other,
      h(
        'form',
        { submit: enter },
        field('Token', token),
        said,
        h('button', { type: 'submit', class: 'primary' }, 'Sign in'),
      ),
      h('p', { class: 'soft' }, 'It stays in this tab and goes out in a header, never in a cookie.'),
    ),
  );
  token.focus();
  ask<'loginWays'>('/v1/login').then(
    (ways) => other.replaceChildren(...providerOf(ways)),
    () => undefined,
  );
}

function providerOf({ oidc }: AnswerOf<'loginWays'>): Node[] {
  if (oidc === null) return [];
  return [
    button(`Sign in with ${oidc.name}`, () => void leaveForProvider(), { class: 'primary wide' }),
    h('p', { class: 'or' }, 'or'),
  ];
}

/**
 * The tab keeps a random key and tells the appliance only its hash: the ticket that comes back is of use to nobody who
 * does not hold the key, so a login that somebody else began cannot be put upon this tab.
 */
async function leaveForProvider(): Promise<void> {
  const key = base64url(crypto.getRandomValues(new Uint8Array(32)));
  sessionStorage.setItem(KEY, key);
  const hash = base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key))));
  location.assign(`/login/oidc?key=${hash}`);
}

/** Takes the ticket that the appliance sent this tab back with, if it did. The error says why it did not go. */
export async function redeemTicket(): Promise<string | null> {
  const query = new URLSearchParams(location.search);
  const [ticket, failed] = [query.get('ticket'), query.get('login-failed')];
  if (ticket === null && failed === null) return null;
  history.replaceState(null, '', '/console');
  if (ticket === null) return FAILURES[failed ?? ''] ?? 'The login failed.';
  const key = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (key === null) return 'This login was not begun in this tab; begin it again.';
  try {
    const { token } = await post<'loginRedeem'>('/v1/login', { ticket, key });
    session.enter(token);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : 'it failed';
  }
}

/** Sentences of our own: what an address says is not repeated. */
const FAILURES: Readonly<Record<string, string>> = {
  expired: 'The login took too long, or was begun elsewhere; begin it again.',
  refused: 'The identity provider did not let you in.',
  no_role: 'You are known, but in no group that has a role here.',
  provider: 'The identity provider could not be asked; its log and that of the appliance say why.',
};

function base64url(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
