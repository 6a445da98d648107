/**
 * Signing in at the organisation's identity provider: authorization code with PKCE. No cookie is set. A login belongs to
 * the tab that began it: the tab keeps a random key and gives its hash; what comes back is a ticket, good once and for a
 * minute, that is worth a token only together with the key.
 */

import { createHash, randomBytes } from 'node:crypto';
import type { Clock, Log } from '../../core/ports.ts';
import type { Role } from '../contract/route.ts';
import { checkedClaims, discover, exchange, type OidcSettings, type Provider } from './provider.ts';
import { type RoleRules, roleOf } from './roles.ts';

export interface LoginSettings extends OidcSettings, RoleRules {
  /** What the button says. */
  readonly name: string;
  readonly sessionMs: number;
}

export interface Entered {
  /** `oidc:` and who it is: the actor in the record. */
  readonly name: string;
  readonly role: Role;
}

/** Why a login went no further; the console has a sentence for each. */
export type LoginFailure = 'expired' | 'refused' | 'no_role' | 'provider';

export type Outcome = { readonly ticket: string } | { readonly failed: LoginFailure };

export interface OidcLogin {
  readonly name: string;
  readonly sessionMs: number;
  /** Where to send the browser; null when the provider cannot be reached. */
  begin(keyHash: string): Promise<string | null>;
  /** What the provider sent the browser back with. */
  finish(query: URLSearchParams): Promise<Outcome>;
  /** Once; null for a ticket that is not known, over, or of another tab. */
  redeem(ticket: string, key: string): Entered | null;
}

interface Begun {
  readonly keyHash: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly until: number;
}

interface Ticket extends Entered {
  readonly keyHash: string;
  readonly until: number;
}

const LOGIN_MS = 600_000;
const TICKET_MS = 60_000;
const DISCOVERED_MS = 3_600_000;
const MOST = 1000;

export function createLogin(settings: LoginSettings, { clock, log }: { clock: Clock; log: Log }): OidcLogin {
  const begun = new Map<string, Begun>();
  const tickets = new Map<string, Ticket>();
  const provider = remembered(() => discover(settings), clock);
  const failed = (failure: LoginFailure, error?: unknown): Outcome => {
    const cause = error instanceof Error ? error.message : undefined;
    log.warn({ failure, ...(cause === undefined ? {} : { cause }) }, 'a login at the identity provider failed');
    return { failed: failure };
  };
  const verified = async (code: string, login: Begun): Promise<Outcome> => {
    const at = await provider();
    const token = await exchange(settings, at, { code, verifier: login.verifier });
    const { issuer, clientId } = settings;
    const claims = await checkedClaims(token, at, { issuer, clientId, nonce: login.nonce, now: clock.now() });
    const entered = roleOf(claims, settings);
    if (entered === null) return failed('no_role');
    const ticket = secret();
    keep(tickets, ticket, { ...entered, keyHash: login.keyHash, until: clock.now() + TICKET_MS });
    return { ticket };
  };
  return {
    name: settings.name,
    sessionMs: settings.sessionMs,
    begin: async (keyHash) => {
      try {
        const { authorizationEndpoint } = await provider();
        const [state, nonce, verifier] = [secret(), secret(), secret()];
        keep(begun, state, { keyHash, nonce, verifier, until: clock.now() + LOGIN_MS });
        return authorizationUrl(authorizationEndpoint, settings, { state, nonce, challenge: sha256(verifier) });
      } catch (error) {
        failed('provider', error);
        return null;
      }
    },
    finish: async (query) => {
      const state = query.get('state') ?? '';
      const login = take(begun, state, clock.now());
      if (login === null) return failed('expired');
      try {
        const issuer = query.get('iss');
        // RFC 9207: an answer of another provider is not mixed up with ours.
        if (issuer === null ? (await provider()).saysIssuer : issuer !== settings.issuer) return failed('refused');
        const code = query.get('code');
        return code === null ? failed('refused') : await verified(code, login);
      } catch (error) {
        return failed('provider', error);
      }
    },
    redeem: (ticket, key) => {
      const found = take(tickets, ticket, clock.now());
      if (found === null || found.keyHash !== sha256(key)) return null;
      return { name: found.name, role: found.role };
    },
  };
}

function authorizationUrl(
  endpoint: string,
  { clientId, redirectUri, scopes }: OidcSettings,
  { state, nonce, challenge }: { readonly state: string; readonly nonce: string; readonly challenge: string },
): string {
  const url = new URL(endpoint);
  const query = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state,
    nonce,
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

const secret = (): string => randomBytes(32).toString('base64url');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Bounded: the oldest goes. */
function keep<T>(into: Map<string, T>, name: string, value: T): void {
  if (into.size >= MOST) into.delete(into.keys().next().value ?? '');
  into.set(name, value);
}

/** Good once. */
function take<T extends { readonly until: number }>(from: Map<string, T>, name: string, now: number): T | null {
  const found = from.get(name);
  from.delete(name);
  return found === undefined || found.until < now ? null : found;
}

/** Asked again after an hour, and at once after a failure. */
function remembered(ask: () => Promise<Provider>, clock: Clock): () => Promise<Provider> {
  let known: { readonly provider: Provider; readonly until: number } | null = null;
  return async () => {
    if (known !== null && known.until > clock.monotonic()) return known.provider;
    const provider = await ask();
    known = { provider, until: clock.monotonic() + DISCOVERED_MS };
    return provider;
  };
}
