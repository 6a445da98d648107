/** The two addresses that a browser is sent through: to the provider, and back from it. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerFault, redirect } from '../answer.ts';
import { type DoorNames, doorFault, hostFault } from '../door-check.ts';
import { fault, tooMany } from '../fault.ts';
import type { RateLimit } from '../rate-limit.ts';
import type { OidcLogin } from './login.ts';

export const BEGIN = '/login/oidc';
export const CALLBACK = '/login/oidc/callback';

export interface LoginPages {
  readonly login: OidcLogin;
  readonly names: () => DoorNames;
  /** By address. */
  readonly rate: RateLimit;
}

/** False when it is not one of them. */
export async function serveLogin(
  pages: LoginPages,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const url = URL.parse(request.url ?? '/', 'http://admin');
  if (request.method !== 'GET' || (url?.pathname !== BEGIN && url?.pathname !== CALLBACK)) return false;
  const begins = url.pathname === BEGIN;
  // The way back is a navigation from the provider's own site: there the origin is another by design.
  const wrong = begins ? doorFault(request.headers, pages.names()) : hostFault(request.headers, pages.names());
  const wait = wrong ? 0 : pages.rate.take(request.socket.remoteAddress ?? '');
  if (wrong) answerFault(response, wrong);
  else if (wait > 0) answerFault(response, tooMany('too many logins from this address', wait));
  else if (begins) await begin(pages, url.searchParams, response);
  else {
    const outcome = await pages.login.finish(url.searchParams);
    const query = 'ticket' in outcome ? `ticket=${outcome.ticket}` : `login-failed=${outcome.failed}`;
    redirect(response, `/console?${query}`);
  }
  return true;
}

async function begin({ login }: LoginPages, query: URLSearchParams, response: ServerResponse): Promise<void> {
  const key = query.get('key') ?? '';
  if (!/^[\w-]{43}$/.test(key)) return answerFault(response, fault('bad_request', 'begin at the console'));
  const to = await login.begin(key);
  redirect(response, to ?? '/console?login-failed=provider');
}
