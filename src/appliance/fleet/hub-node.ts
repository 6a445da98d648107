/** The appliance as the hub of a fleet: what is in force here is ordered there. */

import type { SnapshotCause } from '../../control/control-order.ts';
import { err } from '../../core/result.ts';
import { FleetHub, type HubState } from '../../fleet/hub.ts';
import { MemberKeys } from '../../fleet/member-keys.ts';
import type { OrderCause } from '../../fleet/messages.ts';
import { archiveFiles, archiveImports } from '../../fleet/policy-archive.ts';
import { StartRefused } from '../start-refused.ts';
import { type FleetCore, type FleetNode, type FleetOptions, type FleetParts, keyOf } from './fleet-node.ts';

type HubCore = Pick<FleetCore, 'state' | 'meter'>;
type Loaded = Omit<HubState, 'controls' | 'cause' | 'passKeys'>;

/** What comes with one reload comes in several steps: files are read once they have come to rest. */
const REST_MS = 250;

/** Throws `StartRefused` when the file of keys cannot be read. */
export function openHubNode(parts: FleetParts, { clock, log }: FleetOptions, { state, meter }: HubCore): FleetNode {
  const { settings, signer, connection, node } = parts;
  const hub = new FleetHub({
    fleet: settings.name,
    ...{ signer, connection, clock, log, meter },
    members: membersOf(settings.members ?? '', log),
    documents: state.documents,
    leaseMs: settings.lease_ms,
    confirmMs: settings.confirm_ms,
  });
  let rest: NodeJS.Timeout | null = null;
  return {
    hub: null,
    stale: () => false,
    watch: () => undefined,
    passKeys: () => [],
    start: (core) => {
      let loaded = loadedOf(core);
      const order = (cause: SnapshotCause | null) => void hub.order({ ...loaded, ...stateOf(core, cause) });
      const reloaded = async () => {
        if (rest) clearTimeout(rest);
        rest = setTimeout(() => {
          try {
            loaded = loadedOf(core);
            order(null);
          } catch (error) {
            log.error({ error }, 'the files in force could not be sent to the members; those of before stay there');
          }
        }, REST_MS);
        rest.unref();
      };
      core.control.followedBy(async (_, cause) => (cause === null ? reloaded() : order(cause)));
      core.guard.followedBy(reloaded);
      order(null);
      hub.start();
    },
    confirmed: () => hub.confirmed(),
    agree: async () => err('this node is the hub; run it at the member'),
    status: () => ({
      ...{ role: 'hub' as const, name: settings.name, node, key: keyOf(parts) },
      ...{ connected: connection.current() !== null, epoch: hub.epoch, sequence: hub.sequence, hub: null },
      members: membersAt(hub, clock.now()),
    }),
    missing: () => [],
    measure: () => hub.measure(),
    stop: async () => {
      if (rest) clearTimeout(rest);
      await hub.stop();
      await connection.close();
    },
  };
}

function membersOf(file: string, log: FleetOptions['log']): MemberKeys {
  try {
    return new MemberKeys(file, log);
  } catch (error) {
    throw new StartRefused(`fleet.members: \`${file}\`: ${error instanceof Error ? error.message : 'cannot be read'}`);
  }
}

function loadedOf({ roots, control, guard }: FleetCore): Loaded {
  const { bundle, categories } = control.current();
  const digests = { bundle: bundle.digest, categories: categories.digest, rules: guard.rules().digest };
  return { files: archiveFiles(roots), imports: archiveImports(roots), ...digests };
}

function stateOf(
  { control, keys }: FleetCore,
  cause: SnapshotCause | null,
): Pick<HubState, 'controls' | 'cause' | 'passKeys'> {
  const passKeys = keys
    .all('pass')
    .map(({ id, rawPublicKey }) => ({ id, key: Buffer.from(rawPublicKey).toString('base64') }));
  return { controls: control.current().controls, cause: cause && causeOf(cause), passKeys };
}

function causeOf({ change, action, by, why, until, automatic, approvedBy }: SnapshotCause): OrderCause {
  return { change, action: { ...action }, by, why, until, automatic, approved_by: approvedBy };
}

function membersAt(hub: FleetHub, now: number) {
  return hub.members().map(({ node, leaseUntil, heardAt, sequence, refused, version, doubled }) => {
    const leased = leaseUntil > now;
    const state = leased ? (sequence >= hub.sequence ? 'current' : 'behind') : 'denying';
    return {
      ...{ node, state: state as 'current' | 'behind' | 'denying', refused, version, doubled },
      ...{
        sequence: sequence < 0 ? null : sequence,
        lease_until: leased ? Math.ceil(leaseUntil) : null,
        heard_at: heardAt,
      },
    };
  });
}
