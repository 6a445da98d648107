/**
 * The closed list of reason codes: why a decision, a denial or a cut is what it is.
 *
 * One row a code: what the client is answered with, whether trying again can help, and the words that people and
 * agents read. `docs/reasons.md` has one row for each; a test compares both ways. A retired code is never reused.
 */
/** Error types of RFC 9209 section 2.3 that our denials use. */
export type ProxyStatusError = 'dns_timeout' | 'dns_error' | 'destination_not_found' | 'destination_unavailable' | 'destination_ip_prohibited' | 'connection_refused' | 'connection_terminated' | 'connection_timeout' | 'connection_read_timeout' | 'connection_limit_reached' | 'tls_protocol_error' | 'tls_certificate_error' | 'http_request_error' | 'http_request_denied' | 'http_response_incomplete' | 'http_upgrade_failed' | 'http_protocol_error' | 'proxy_internal_error' | 'proxy_configuration_error';
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
/** Every reason code. Order: the precedence of DESIGN section 4 first, then the stops of the walk. */
export declare const REASONS: {
    readonly task_killed: ReasonRow;
    readonly tenant_quarantined: ReasonRow;
    readonly pass_missing: ReasonRow;
    readonly pass_malformed: ReasonRow;
    readonly pass_expired: ReasonRow;
    readonly pass_revoked: ReasonRow;
    readonly pass_wrong_source: ReasonRow;
    readonly pass_not_admitted: ReasonRow;
    readonly capability_revoked: ReasonRow;
    readonly host_override_deny: ReasonRow;
    readonly category_blocked: ReasonRow;
    readonly address_forbidden: ReasonRow;
    readonly host_override_allow: ReasonRow;
    readonly capability_grants: ReasonRow;
    readonly default_deny: ReasonRow;
    readonly path_ambiguous: ReasonRow;
    readonly request_malformed: ReasonRow;
    readonly target_invalid: ReasonRow;
    readonly headers_too_large: ReasonRow;
    readonly request_timeout: ReasonRow;
    readonly method_not_allowed: ReasonRow;
    readonly host_mismatch: ReasonRow;
    readonly tunnel_not_tls: ReasonRow;
    readonly sni_missing: ReasonRow;
    readonly sni_mismatch: ReasonRow;
    readonly ech_refused: ReasonRow;
    readonly client_hello_invalid: ReasonRow;
    readonly client_tls_failed: ReasonRow;
    readonly resolve_failed: ReasonRow;
    readonly resolve_timeout: ReasonRow;
    readonly upstream_refused: ReasonRow;
    readonly upstream_timeout: ReasonRow;
    readonly upstream_reset: ReasonRow;
    readonly upstream_tls_invalid: ReasonRow;
    readonly upstream_protocol: ReasonRow;
    readonly parent_failed: ReasonRow;
    readonly parent_timeout: ReasonRow;
    readonly budget_requests: ReasonRow;
    readonly budget_rate: ReasonRow;
    readonly budget_bytes: ReasonRow;
    readonly budget_flows: ReasonRow;
    readonly budget_hosts: ReasonRow;
    readonly budget_wall: ReasonRow;
    readonly budget_leak: ReasonRow;
    readonly guard_blocked: ReasonRow;
    readonly provider_fetch: ReasonRow;
    readonly own_credentials: ReasonRow;
    readonly guard_unscannable: ReasonRow;
    readonly guard_unavailable: ReasonRow;
    readonly lease_ended: ReasonRow;
    readonly audit_unavailable: ReasonRow;
    readonly controls_stale: ReasonRow;
    readonly overloaded: ReasonRow;
    readonly draining: ReasonRow;
    readonly internal_error: ReasonRow;
};
export type ReasonCode = keyof typeof REASONS;
/** The row of a code. */
export declare function reasonRow(code: ReasonCode): ReasonRow;
/** The steps of precedence of DESIGN section 4, first match wins. */
export declare const PRECEDENCE: readonly ["task_killed", "tenant_quarantined", "pass_invalid", "capability_revoked", "host_override_deny", "category_blocked", "address_forbidden", "host_override_allow", "capability_grants", "default_deny"];
export type PrecedenceStep = (typeof PRECEDENCE)[number];
