/** What went wrong with an origin, in our own words. */

import { Refusal } from '../refusal.ts';
import { TLS_CUT_SHORT } from './tls-end.ts';

/** Of a request that undici does not take; the detail of its refusal. */
export const NOT_SENDABLE = 'UND_ERR_INVALID_ARG';

/** Interim answers to one request; no origin has use for more (T-29). */
export const MOST_INTERIM = 32;

/** `begun` is true when part of the response was already relayed. */
export function upstreamRefusal(error: unknown, begun: boolean): Refusal {
  if (error instanceof Refusal) return error;
  const { code = '', name = '' } = error as NodeJS.ErrnoException;
  if (code === NOT_SENDABLE) return new Refusal('request_malformed', NOT_SENDABLE);
  if (code === TLS_CUT_SHORT) return new Refusal('upstream_reset', 'no_close_notify');
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT')
    return new Refusal('upstream_timeout', begun ? 'body' : 'head');
  if (isProtocol(code, name, error)) return new Refusal('upstream_protocol', protocolWord(code));
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') return new Refusal('upstream_tls_invalid', 'alert');
  return new Refusal('upstream_reset', begun ? 'body' : 'stale_connection');
}

function isProtocol(code: string, name: string, error: unknown): boolean {
  if (code.startsWith('HPE_') || code.startsWith('ERR_HTTP2') || name === 'HTTPParserError') return true;
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return true;
  return error instanceof Error && /upgrade/.test(error.message);
}

function protocolWord(code: string): string {
  return /^[A-Z0-9_]{3,60}$/.test(code) ? code.toLowerCase() : 'response';
}
