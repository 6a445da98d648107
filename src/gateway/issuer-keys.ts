/** The keys of an OIDC issuer: found, kept, and asked for anew when a token is of none of them. */

import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Clock, Log } from '../core/ports.ts';
import { isSafeUrl } from '../core/safe-url.ts';

export interface IssuerKeys {
  /** The key of a token. Throws `IssuerUnavailable` where nobody can say; jose's errors where there is none. */
  readonly find: JWTVerifyGetKey;
  /** Resolves once the keys are as new as they may be asked for, for a token that none of them fits. */
  renewed(): Promise<void>;
}

export class IssuerUnavailable extends Error {}

/** The issuer answered, and has no such key. */
export function isNoKey(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;
}

/**
 * Anybody can send tokens of unknown keys, or any while the issuer has trouble: it is asked so often at once, and then once
 * in so long.
 */
const BURST = 10;
const RENEW_MS = 5000;
const DISCOVERY_MS = 5000;

type KeySet = ReturnType<typeof createRemoteJWKSet>;

export function issuerKeys(
  { issuer, jwksUrl }: { readonly issuer: string; readonly jwksUrl?: string },
  { clock, log }: { readonly clock: Pick<Clock, 'now'>; readonly log?: Pick<Log, 'warn'> },
): IssuerKeys {
  let keys: KeySet | null = null;
  let asking: Promise<KeySet> | null = null;
  /** Why the issuer could not be asked the last time; null where it could. */
  let down: IssuerUnavailable | null = null;
  let left = BURST;
  let at = clock.now();
  const mayAsk = (): boolean => {
    const now = clock.now();
    left = Math.min(BURST, left + Math.max(0, now - at) / RENEW_MS);
    at = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
  /** Told in the log where it is found out, not for each token that waits or comes after. */
  const unavailable = (error: unknown): IssuerUnavailable => {
    log?.warn({ issuer, err: error }, 'the keys of an issuer cannot be had');
    return new IssuerUnavailable('', { cause: error });
  };
  const ask = async (): Promise<KeySet> => {
    try {
      keys ??= await remoteKeys(issuer, jwksUrl);
      await keys.reload();
      down = null;
      return keys;
    } catch (error) {
      down = unavailable(error);
      throw down;
    } finally {
      asking = null;
    }
  };
  /** Who comes while the issuer is being asked waits for the same answer. */
  const asked = (): Promise<KeySet> => {
    asking ??= ask();
    return asking;
  };
  const current = (): Promise<KeySet> | KeySet => {
    if (keys?.fresh) return keys;
    if (asking === null && down !== null && !mayAsk()) throw down;
    return asked();
  };
  return {
    find: async (header, token) => {
      try {
        return await (await current())(header, token);
      } catch (error) {
        if (isNoKey(error) || error instanceof errors.JOSENotSupported || error instanceof IssuerUnavailable)
          throw error;
        throw unavailable(error);
      }
    },
    renewed: async () => {
      if (asking !== null || mayAsk()) await asked();
    },
  };
}

/** When it is asked anew is for `renewed` to say, and for what jose keeps of age. */
async function remoteKeys(issuer: string, jwksUrl: string | undefined): Promise<KeySet> {
  const url = new URL(jwksUrl ?? (await discovered(issuer)));
  return createRemoteJWKSet(url, { cooldownDuration: Number.POSITIVE_INFINITY });
}

async function discovered(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(DISCOVERY_MS) });
  const document = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (document.issuer !== issuer || typeof document.jwks_uri !== 'string')
    throw new Error('discovery names another issuer');
  if (!isSafeUrl(document.jwks_uri)) throw new Error('discovery names keys that are neither at https nor on loopback');
  return document.jwks_uri;
}
