/**
 * Requests to an encrypted resolver, whatever host they go to (T-22): DNS over HTTPS by POST and GET (RFC 8484), its
 * oblivious form (RFC 9230), the JSON form that the large resolvers speak, and DNS over TLS or QUIC by its port (RFC 7858,
 * RFC 9250).
 */

import type { DecisionRequest } from '../core/decision.ts';

/** Holds of such a request. */
export const RESOLVER_QUERY = 'resolver-query';

const TYPES = new Set(['application/dns-message', 'application/oblivious-dns-message', 'application/dns-json']);
const DOT_PORT = 853;

export function asksResolver({ contentType, query, path, target }: DecisionRequest): boolean {
  if (target.port === DOT_PORT || TYPES.has(contentType)) return true;
  if (query === '') return false;
  if (path.endsWith('/dns-query')) return /(?:^|&)(?:dns|name)=/i.test(query);
  const value = /(?:^|&)dns=([^&]*)/i.exec(query)?.[1];
  return value !== undefined && isQuery(value);
}

/** Base64url of a message that asks one question: QR clear, QDCOUNT 1, no answers (RFC 1035 section 4.1.1). */
function isQuery(value: string): boolean {
  const text = value
    .replace(/%(?:3d)/gi, '')
    .replace(/=+$/, '')
    .slice(0, 16);
  if (text.length < 16 || !/^[A-Za-z0-9_+/-]+$/.test(text)) return false;
  const head = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const at = (i: number) => head.charCodeAt(i);
  return (at(2) & 0x80) === 0 && at(4) === 0 && at(5) === 1 && at(6) === 0 && at(7) === 0;
}
