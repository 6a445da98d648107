/** The principal: who asks. The task, its tenant and profile, as its pass names them. */

/** What `Principal.pass` looks like. */
export const PASS_ID = /^p_[A-Za-z0-9]{1,40}$/;

export interface Principal {
  readonly task: string;
  readonly tenant: string;
  /** Request class that the caller asked for. */
  readonly class: string;
  /** Sandbox profile that admission gave. */
  readonly profile: string;
  /** 0 (none) to 100. */
  readonly risk: number;
  /** What admission left of the profile's capabilities, sorted. A task never holds more than these. */
  readonly capabilities: readonly string[];
  /** `jti` of the pass. */
  readonly pass: string;
  /** Milliseconds since the epoch at which the pass ends. */
  readonly expiresAt: number;
  /** Prefix that requests must come from (T-49); absent: anywhere. */
  readonly source?: string;
}

/** The claims of a pass (an EdDSA JWT); `exp` and `iat` in seconds as in RFC 7519. */
export interface PassClaims {
  readonly jti: string;
  readonly iss: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  readonly task: string;
  readonly tenant: string;
  readonly class: string;
  readonly profile: string;
  readonly risk: number;
  readonly capabilities: readonly string[];
  /** `address/bits` that the pass may be used from. */
  readonly src?: string | undefined;
}

export function principalOf(claims: PassClaims): Principal {
  const { task, tenant, profile, risk } = claims;
  // Frozen: whoever records it again and again may keep its text.
  const capabilities = Object.freeze([...claims.capabilities]);
  const expiresAt = claims.exp * 1000;
  const principal = { task, tenant, class: claims.class, profile, risk, capabilities, pass: claims.jti, expiresAt };
  return claims.src === undefined ? principal : { ...principal, source: claims.src };
}
