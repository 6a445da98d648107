/**
 * Whose account a request speaks for. Where an operator stored a credential for a host, a sandbox brings none of its
 * own: with the attacker's key on an allowed API, the API is the attacker's mailbox (T-39). And where a provider can be
 * told which accounts may be used, the operator's word is put into every request.
 */

import { hostMatches } from '../../policy/bundle/host-pattern.ts';
import type { Exchange, HeaderList } from '../exchange.ts';
import { canonicalField } from '../fields.ts';
import type { Gate } from '../gate.ts';
import { Refusal } from '../refusal.ts';
import type { PinnedFields } from '../settings.ts';

/** Fields in which APIs take credentials. */
const CREDENTIAL_FIELDS = new Set([
  'authorization',
  'x-authorization',
  'x-api-key',
  'api-key',
  'apikey',
  'x-apikey',
  'x-auth-key',
  'x-auth-token',
  'x-access-token',
  'x-token',
  'private-token',
  'job-token',
  'deploy-token',
  'x-goog-api-key',
  'x-goog-iam-authorization-token',
  'x-amz-security-token',
  'x-ms-access-token',
  'x-gitlab-token',
  'x-github-token',
  'x-vault-token',
  'dd-api-key',
  'dd-application-key',
  'ocp-apim-subscription-key',
  'x-functions-key',
  'x-shopify-access-token',
  'x-figma-token',
]);

/**
 * Query members in which APIs take credentials, presigned requests among them: AWS (Signature V4 and V2), Google Cloud
 * Storage (V4 and V2), Azure shared access signatures, OAuth (RFC 6750 section 2.3).
 */
const CREDENTIAL_QUERY =
  /(?:^|&)(?:x-(?:amz|goog)-(?:signature|credential|security-token)|awsaccesskeyid|googleaccessid|signature|sig|access_token|oauth_token|private_token|api_?key|api-key|key|auth_token|client_secret)=([^&]*)/gi;

/** Refuses what a sandbox may not say for itself. Before the record of an allow. */
export function screenCredentials(gate: Gate, exchange: Exchange): void {
  const opaque = exchange.decision?.effect === 'allow' && exchange.decision.mode === 'tunnel';
  if (opaque && pinnedFor(gate, exchange.host).length > 0) throw new Refusal('own_credentials', 'pinned_in_tunnel');
  const { ask, headers } = exchange.order;
  const { broker } = gate;
  if (broker === undefined || !broker.stands({ tenant: exchange.tenant, task: exchange.task, host: exchange.host }))
    return;
  if (opaque) throw new Refusal('own_credentials', 'tunnel');
  if (ask.method === 'CONNECT') return;
  const ours = (text: string): boolean => text.trim() === '' || broker.isExchanged(text);
  for (const [name, value] of headers) {
    if (CREDENTIAL_FIELDS.has(canonicalField(name)) && !ours(value)) throw new Refusal('own_credentials', 'field');
  }
  for (const [, value = ''] of ask.query.matchAll(CREDENTIAL_QUERY)) {
    if (!ours(value)) throw new Refusal('own_credentials', 'query');
  }
}

/** Flat name-value list as it goes to the origin: the sandbox's cookies out where we hold the credential, pins in. */
export function accountFields(gate: Gate, exchange: Exchange, headers: readonly string[]): readonly string[] {
  const pins = pinnedFor(gate, exchange.host);
  const { tenant, task, host } = exchange;
  const brokered = gate.broker?.stands({ tenant, task, host }) ?? false;
  if (pins.length === 0 && !brokered) return headers;
  const out: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const lower = canonicalField(name);
    if ((brokered && lower === 'cookie') || pins.some(([pin]) => canonicalField(pin) === lower)) continue;
    out.push(name, headers[i + 1] ?? '');
  }
  for (const [name, value] of pins) out.push(name, value);
  return out;
}

function pinnedFor(gate: Gate, host: string): HeaderList {
  const { pinned } = gate.settings;
  if (pinned.length === 0) return [];
  return pinned.filter((pin: PinnedFields) => pin.hosts.some((p) => hostMatches(p, host))).flatMap((pin) => pin.fields);
}
