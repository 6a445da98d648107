/**
 * The closed list of reason codes: why a decision, a denial or a cut is what it is.
 *
 * One row a code: what the client is answered with, whether trying again can help, and the words that people and
 * agents read. `docs/reasons.md` has one row for each; a test compares both ways. A retired code is never reused.
 */

/** Error types of RFC 9209 section 2.3 that our denials use. */
export type ProxyStatusError =
  | 'dns_timeout'
  | 'dns_error'
  | 'destination_not_found'
  | 'destination_unavailable'
  | 'destination_ip_prohibited'
  | 'connection_refused'
  | 'connection_terminated'
  | 'connection_timeout'
  | 'connection_read_timeout'
  | 'connection_limit_reached'
  | 'tls_protocol_error'
  | 'tls_certificate_error'
  | 'http_request_error'
  | 'http_request_denied'
  | 'http_response_incomplete'
  | 'http_upgrade_failed'
  | 'http_protocol_error'
  | 'proxy_internal_error'
  | 'proxy_configuration_error';

/** Which part of the appliance gives this reason; docs group by it. */
export type ReasonSource = 'policy' | 'identity' | 'request' | 'tls' | 'upstream' | 'budget' | 'guard' | 'appliance';

export interface ReasonRow {
  readonly source: ReasonSource;
  /** HTTP status of the denial; 200 for reasons that allow. */
  readonly status: number;
  /** RFC 9209 error type; null for reasons that allow. */
  readonly proxyError: ProxyStatusError | null;
  /** True when the very same request may succeed later without anyone changing policy. */
  readonly retryable: boolean;
  /** One clause, lower case, no full stop; what happened. */
  readonly message: string;
  /** What the tool developer can do about it. */
  readonly help: string;
}

const row = (
  source: ReasonSource,
  status: number,
  proxyError: ProxyStatusError | null,
  words: { message: string; help: string; retryable?: boolean },
): ReasonRow => ({
  source,
  status,
  proxyError,
  retryable: words.retryable ?? false,
  message: words.message,
  help: words.help,
});

const denied = (source: ReasonSource, message: string, help: string): ReasonRow =>
  row(source, 403, 'http_request_denied', { message, help });

/** Every reason code. Order: the precedence of DESIGN section 4 first, then the stops of the walk. */
export const REASONS = {
  // — policy, in the order of precedence —
  task_killed: denied(
    'policy',
    'this task was killed by an operator',
    'start a new task; ask the operator why it was killed',
  ),
  tenant_quarantined: denied(
    'policy',
    'this tenant is quarantined',
    'ask the operator of this gate to release the tenant',
  ),
  pass_missing: row('identity', 407, 'http_request_denied', {
    message: 'the request carries no pass',
    help: 'set HTTPS_PROXY=http://<task>:<token>@<gate>; get one with `locktender pass issue`',
  }),
  pass_malformed: denied(
    'identity',
    'the pass is not one that this gate issued',
    'get a new one with `locktender pass issue`',
  ),
  pass_expired: denied('identity', 'the pass has expired', 'get a new one with `locktender pass issue`'),
  pass_revoked: denied('identity', 'the pass was revoked', 'get a new one with `locktender pass issue`'),
  pass_wrong_source: denied(
    'identity',
    'the pass is bound to another source address',
    'use the pass where it was issued for, or get one with `locktender pass issue --source`',
  ),
  pass_not_admitted: denied(
    'identity',
    'admission policy refuses this task',
    'ask for another class or profile, or have admission policy changed',
  ),
  capability_revoked: denied(
    'policy',
    'the capability that would allow this is revoked',
    'ask the operator to restore the capability',
  ),
  host_override_deny: denied('policy', 'an operator denied this host', 'ask the operator to clear the host override'),
  category_blocked: denied(
    'policy',
    'the host is in a blocked category',
    'use a host outside the category, or ask the operator to unblock it',
  ),
  address_forbidden: row('policy', 403, 'destination_ip_prohibited', {
    message: 'the destination is a private, reserved or otherwise forbidden address',
    help: 'have a capability name this private destination, if the task needs it',
  }),
  host_override_allow: row('policy', 200, null, { message: 'an operator allowed this host', help: '' }),
  capability_grants: row('policy', 200, null, { message: 'a capability of the task grants this', help: '' }),
  default_deny: denied(
    'policy',
    'no capability of this task grants this request',
    'ask for one of the capabilities in `would_allow`',
  ),
  path_ambiguous: denied(
    'policy',
    'a rule looks at the path, and this path can be read in two ways',
    'send the path in plain segments, without `..`, `//`, `;`, backslashes or encoded slashes',
  ),
  // — the request itself —
  request_malformed: row('request', 400, 'http_request_error', {
    message: 'the request is malformed or ambiguous',
    help: 'send a strict HTTP/1.1 proxy request (RFC 9112)',
  }),
  target_invalid: row('request', 400, 'http_request_error', {
    message: 'the target host or port is not valid',
    help: 'use a plain host name or address and a port, and reach https by CONNECT, not by an absolute URL',
  }),
  headers_too_large: row('request', 431, 'http_request_error', {
    message: 'the request head is larger than this gate accepts',
    help: 'send fewer or shorter header fields',
  }),
  request_timeout: row('request', 408, 'http_request_error', {
    message: 'the request did not arrive in time',
    help: 'send the whole request head at once',
    retryable: true,
  }),
  method_not_allowed: row('request', 405, 'http_request_denied', {
    message: 'this method is never relayed',
    help: 'use a method of RFC 9110 other than TRACE',
  }),
  host_mismatch: row('request', 421, 'http_request_denied', {
    message: 'Host, SNI and CONNECT target differ',
    help: 'ask for the host that the tunnel was opened to',
  }),
  // — TLS inside a tunnel —
  tunnel_not_tls: denied(
    'tls',
    'the tunnel carries something that is not TLS',
    'only TLS may pass a tunnel to this port',
  ),
  sni_missing: denied('tls', 'the TLS handshake names no server', 'use a client that sends SNI'),
  sni_mismatch: denied(
    'tls',
    'the TLS handshake names another host than CONNECT did',
    'connect to the host that you mean',
  ),
  ech_refused: denied('tls', 'encrypted ClientHello cannot be checked', 'turn ECH off in the client'),
  client_hello_invalid: denied(
    'tls',
    'the TLS ClientHello is malformed, too large or late',
    'use an ordinary TLS client',
  ),
  client_tls_failed: row('tls', 400, 'tls_protocol_error', {
    message: 'the TLS handshake with the client failed',
    help: 'trust the CA of this gate; see `locktender doctor`',
  }),
  // — upstream —
  resolve_failed: row('upstream', 502, 'dns_error', {
    message: 'the host name does not resolve',
    help: 'check the name',
    retryable: true,
  }),
  resolve_timeout: row('upstream', 504, 'dns_timeout', {
    message: 'the host name did not resolve in time',
    help: 'try again',
    retryable: true,
  }),
  upstream_refused: row('upstream', 502, 'connection_refused', {
    message: 'the origin refused the connection',
    help: 'check that the origin is up',
    retryable: true,
  }),
  upstream_timeout: row('upstream', 504, 'connection_timeout', {
    message: 'the origin did not answer in time',
    help: 'try again',
    retryable: true,
  }),
  upstream_reset: row('upstream', 502, 'connection_terminated', {
    message: 'the origin closed the connection early',
    help: 'try again',
    retryable: true,
  }),
  upstream_tls_invalid: row('upstream', 502, 'tls_certificate_error', {
    message: "the origin's certificate or TLS is not valid",
    help: 'the origin must present a certificate for its name that this gate trusts',
  }),
  upstream_protocol: row('upstream', 502, 'http_protocol_error', {
    message: 'the origin answered with something that is not valid HTTP',
    help: 'the origin must be repaired',
  }),
  parent_failed: row('upstream', 502, 'destination_unavailable', {
    message: 'the parent proxy failed',
    help: 'ask the operator of this gate',
    retryable: true,
  }),
  parent_timeout: row('upstream', 504, 'connection_timeout', {
    message: 'the parent proxy did not get through in time',
    help: 'try again; if it stays so, ask the operator of this gate',
    retryable: true,
  }),
  // — budgets and limits —
  budget_requests: row('budget', 429, 'http_request_denied', {
    message: 'the task has used its budget of requests',
    help: 'start a new task, or ask for a profile with a larger budget',
  }),
  budget_rate: row('budget', 429, 'http_request_denied', {
    message: 'the task sends requests too fast',
    help: 'send fewer at once',
    retryable: true,
  }),
  budget_bytes: row('budget', 429, 'http_request_denied', {
    message: 'the task has used its budget of bytes',
    help: 'start a new task, or ask for a profile with a larger budget',
  }),
  budget_flows: row('budget', 429, 'connection_limit_reached', {
    message: 'the task has too many flows open',
    help: 'close some, then try again',
    retryable: true,
  }),
  budget_hosts: row('budget', 429, 'http_request_denied', {
    message: 'the task has contacted too many distinct hosts',
    help: 'start a new task, or ask for a profile with a larger budget',
  }),
  budget_wall: row('budget', 429, 'http_request_denied', {
    message: 'the task has used its wall time',
    help: 'start a new task',
  }),
  budget_leak: row('budget', 429, 'http_request_denied', {
    message: 'the task has sent too much unusual data in names and queries',
    help: 'send data in bodies to approved hosts, where it can be guarded',
  }),
  // — guard —
  guard_blocked: denied(
    'guard',
    'the guard found something that may not leave or enter',
    'remove the finding named in the record',
  ),
  provider_fetch: denied(
    'guard',
    'the request asks a provider to fetch what this task may not reach',
    'leave the address or the tool out, or ask for what is in `would_allow`',
  ),
  own_credentials: denied(
    'guard',
    'the request carries credentials of its own for a host whose credential this gate holds',
    'send the placeholder `lt_credential_<name>` in their place',
  ),
  guard_unscannable: denied('guard', 'the body cannot be scanned within bounds', 'send it uncompressed or smaller'),
  guard_unavailable: row('guard', 503, 'proxy_internal_error', {
    message: 'the guard could not look at the body in time, so nothing more of it may pass',
    help: 'try again later or send less at once',
    retryable: true,
  }),
  // — the appliance itself —
  lease_ended: denied(
    'appliance',
    'the lease that this flow held was ended',
    'see the decision record for the change that ended it',
  ),
  audit_unavailable: row('appliance', 503, 'proxy_internal_error', {
    message: 'the record cannot be written, so nothing may leave',
    help: 'ask the operator of this gate',
    retryable: true,
  }),
  controls_stale: row('appliance', 503, 'proxy_internal_error', {
    message: 'this node has not heard its controls for too long',
    help: 'ask the operator of this gate',
    retryable: true,
  }),
  overloaded: row('appliance', 503, 'connection_limit_reached', {
    message: 'this gate has too many connections',
    help: 'try again later',
    retryable: true,
  }),
  draining: row('appliance', 503, 'proxy_internal_error', {
    message: 'this gate is shutting down',
    help: 'try again',
    retryable: true,
  }),
  internal_error: row('appliance', 500, 'proxy_internal_error', {
    message: 'this gate failed to decide, so it denied',
    help: 'give the decision id to the operator of this gate',
  }),
} as const satisfies Record<string, ReasonRow>;

export type ReasonCode = keyof typeof REASONS;

/** The row of a code. */
export function reasonRow(code: ReasonCode): ReasonRow {
  return REASONS[code];
}

/** The steps of precedence of DESIGN section 4, first match wins. */
export const PRECEDENCE = [
  'task_killed',
  'tenant_quarantined',
  'pass_invalid',
  'capability_revoked',
  'host_override_deny',
  'category_blocked',
  'address_forbidden',
  'host_override_allow',
  'capability_grants',
  'default_deny',
] as const;

export type PrecedenceStep = (typeof PRECEDENCE)[number];
