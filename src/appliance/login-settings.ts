/** What the configuration says of signing in at an identity provider, checked as far as it can be before the door opens. */

import { readFileSync } from 'node:fs';
import type { LoginSettings } from '../admin/oidc/login.ts';
import { CALLBACK } from '../admin/oidc/pages.ts';
import type { Config } from '../config/schema.ts';
import { isSafeUrl } from '../core/safe-url.ts';
import { StartRefused } from './start-refused.ts';

/** Empty when none is configured. Throws `StartRefused` for what cannot be right. */
export function loginSettings(oidc: Config['admin']['oidc']): { readonly login?: LoginSettings } {
  if (oidc === undefined) return {};
  if (!isSafeUrl(oidc.issuer)) throw new StartRefused('admin.oidc.issuer: must be https, or http on loopback');
  if (URL.parse(oidc.redirect_uri)?.pathname !== CALLBACK)
    throw new StartRefused(`admin.oidc.redirect_uri: must end with \`${CALLBACK}\``);
  if (!oidc.scopes.includes('openid')) throw new StartRefused('admin.oidc.scopes: add `openid`');
  if (Object.values(oidc.roles).every((groups) => groups.length === 0))
    throw new StartRefused('admin.oidc.roles: name a group for at least one role, or nobody gets in');
  return {
    login: {
      issuer: oidc.issuer,
      clientId: oidc.client_id,
      clientSecret: oidc.client_secret === undefined ? null : secretOf(oidc.client_secret),
      redirectUri: oidc.redirect_uri,
      scopes: oidc.scopes,
      name: oidc.name,
      actorClaim: oidc.actor_claim,
      roleClaim: oidc.role_claim,
      roles: oidc.roles,
      sessionMs: oidc.session_minutes * 60_000,
    },
  };
}

function secretOf(file: string): string {
  try {
    const secret = readFileSync(file, 'utf8').trim();
    if (secret !== '') return secret;
  } catch {
    // Said below: what the system says of the file is not of use here.
  }
  throw new StartRefused(`admin.oidc.client_secret: \`${file}\` cannot be read or is empty`);
}
