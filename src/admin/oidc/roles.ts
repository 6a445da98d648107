/** Which role the claims of a person give here. None gives none: who is in no named group does not get in. */

import { claimAt } from '../../core/claims.ts';
import { ROLES, type Role } from '../contract/route.ts';

export interface RoleRules {
  /** Claim that names the person; `sub` where it is absent. */
  readonly actorClaim: string;
  /** Claim that holds groups: a text or a list of texts; `a/b` is `b` inside `a`. */
  readonly roleClaim: string;
  /** Groups of each role. */
  readonly roles: Readonly<Partial<Record<Role, readonly string[]>>>;
}

/** The strongest first: who is in several groups has the strongest of their roles. */
const BY_STRENGTH: readonly Role[] = ['admin', 'security', 'operator', 'auditor', 'viewer'];

export function roleOf(
  claims: Readonly<Record<string, unknown>>,
  { actorClaim, roleClaim, roles }: RoleRules,
): { readonly name: string; readonly role: Role } | null {
  const groups = textsOf(claimAt(claims, roleClaim));
  const role = BY_STRENGTH.find((one) => roles[one]?.some((group) => groups.includes(group)));
  if (role === undefined || !ROLES.includes(role)) return null;
  // An address that the provider did not verify may be anybody's.
  const unverified = actorClaim === 'email' && claims['email_verified'] === false;
  const [actor] = unverified ? [] : textsOf(claimAt(claims, actorClaim));
  const name = actor ?? textsOf(claims['sub'])[0];
  return name === undefined ? null : { name: `oidc:${name}`.slice(0, 200), role };
}

function textsOf(claim: unknown): readonly string[] {
  const all = Array.isArray(claim) ? claim : [claim];
  return all.filter((one): one is string => typeof one === 'string' && one !== '');
}
