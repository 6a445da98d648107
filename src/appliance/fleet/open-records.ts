/** The records of the fleet that this node is of: a member's own are shipped, the hub keeps those of all. */

import type { AnswerOf } from '../../admin/contract.ts';
import type { Config } from '../../config/schema.ts';
import { type NodeSigner, parseNodeKey } from '../../fleet/envelope.ts';
import { MemberKeys } from '../../fleet/member-keys.ts';
import type { Core } from '../open-core.ts';
import { StartRefused } from '../start-refused.ts';
import { type FleetRecords, mirrorRecords, type RecordsRole, shipRecords } from './fleet-records.ts';

type FleetStatus = AnswerOf<'fleetStatus'>;
type FleetSettings = NonNullable<Config['fleet']>;

/** Null where no fleet is configured. Throws `StartRefused`. */
export function openRecords(core: Core): FleetRecords | null {
  const { fleet: settings, node } = core.config;
  if (!settings) return null;
  const role = roleOf(settings, node, core);
  if (settings.role === 'hub') {
    const members = new MemberKeys(settings.members ?? '', core.log);
    return mirrorRecords(core, { ...role, keyOf: (name) => members.all().get(name) ?? null });
  }
  const hubKey = parseNodeKey(settings.hub_key ?? '');
  if (!hubKey.ok) throw new StartRefused(`fleet.hub_key: ${hubKey.error}`);
  return shipRecords(core, { ...role, hubKey: hubKey.value.key });
}

/** What the status of the fleet says of them. */
export function recordsStatus(records: FleetRecords | null): Pick<FleetStatus, 'mirrors' | 'shipping'> {
  const { mirrors, shipping } = records?.status() ?? { mirrors: [], shipping: null };
  return {
    mirrors: mirrors.map(({ node, published, signed, fault, heard, refused }) => ({
      ...{ node, entries: published, behind: Math.max(0, signed - published), refused },
      fault: fault === null ? null : `${fault.kind}: ${fault.why}`,
      heard_at: heard === null ? null : Date.parse(heard),
    })),
    shipping: shipping && {
      ...{ state: shipping.state, why: shipping.why, behind: shipping.lag_entries },
      entries: shipping.confirmed,
    },
  };
}

function roleOf(settings: FleetSettings, node: string, { keys }: Core): RecordsRole {
  const { name: fleet, servers, ca, cert, key, user } = settings;
  const { password_file: passwordFile, token_file: tokenFile, creds_file: credsFile } = settings;
  const own = keys.current('fleet');
  const signer: NodeSigner = { node, publicKey: own.rawPublicKey, sign: (message) => own.sign(message) };
  const name = `locktender ${fleet} ${node} records`;
  return { fleet, signer, connection: { servers, ca, cert, key, user, passwordFile, tokenFile, credsFile, name } };
}
