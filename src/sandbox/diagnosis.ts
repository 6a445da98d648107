/** Why a client failed, by what it printed: certificates, the pass, and denials look alike in every toolchain. */

import { REASONS, type ReasonCode } from '../core/reasons.ts';

const UNTRUSTED =
  /certificate verify failed|self.signed certificate|SSL certificate problem|unable to get local issuer|UNABLE_TO_VERIFY|unknown (ca|authority|issuer)|PKIX path|certificate is not trusted|cannot verify .*certificate|certificate verification failed/i;
const NO_ROUTE =
  /could not resolve|name or service not known|name resolution|no such host|ENOTFOUND|EAI_AGAIN|UnknownHost|getaddrinfo/i;
/** Said of a tunnel, or by a client that hides the reason, which stands on the status line. */
const DENIED =
  /\b(?:CONNECT tunnel failed, response|Received HTTP code|Tunnel connection failed:|status(?: code)?:?|ERROR|HTTP\/1\.[01]) 403\b/i;
const NO_PASS = /\b407\b|proxy authentication required/i;

/** The fix for what it printed; null when nothing in it is known, and the toolchain's own fix is the best there is. */
export function diagnose(printed: string): string | null {
  const code = [...printed.matchAll(/\b\d{3} [A-Za-z ]+\(([a-z_]+)\)|\{"error":\{"code":"([a-z_]+)"/g)]
    .map(([, phrase, body]) => phrase ?? body ?? '')
    .find(isReasonCode);
  if (code !== undefined) return REASONS[code].help;
  if (UNTRUSTED.test(printed)) {
    return 'it does not trust the CA of this gate: point its CA variable at the merged bundle, as `locktender pass issue --env` does';
  }
  if (NO_PASS.test(printed)) return REASONS.pass_missing.help;
  if (DENIED.test(printed)) {
    return 'it was denied: `locktender audit query --type decision --effect deny` says why, and what would allow it';
  }
  if (NO_ROUTE.test(printed)) {
    return 'it went round the gate and looked the name up itself: take the host out of NO_PROXY, and set HTTPS_PROXY in both cases';
  }
  return null;
}

function isReasonCode(text: string): text is ReasonCode {
  return Object.hasOwn(REASONS, text);
}
