/** The appliance as a member of a fleet: it acts on what the hub ordered, for as long as its lease holds. */

import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.ts';
import { parseNodeKey } from '../../fleet/envelope.ts';
import { MemberLease } from '../../fleet/lease.ts';
import { FleetMember } from '../../fleet/member.ts';
import type { Fetch, MemberActs } from '../../fleet/member-parts.ts';
import { readPosition } from '../../fleet/member-state.ts';
import type { FleetOrder } from '../../fleet/messages.ts';
import { StartRefused } from '../start-refused.ts';
import {
  type FleetCore,
  type FleetNode,
  type FleetOptions,
  type FleetParts,
  keyOf,
  type LoadFrom,
} from './fleet-node.ts';
import { type ExchangeableRoots, FilesStore } from './followed-files.ts';
import { Standing } from './standing.ts';

type MemberCore = Pick<FleetCore, 'state' | 'meter'>;
type PassKeys = ReturnType<FleetNode['passKeys']>;

/** Throws `StartRefused` when the hub's key is none, or what this node kept is of another fleet. */
export function openMemberNode(
  parts: FleetParts,
  { clock, log, version }: FleetOptions,
  { state, meter, roots }: MemberCore & { readonly roots: ExchangeableRoots },
): FleetNode {
  const { settings, signer, connection, node } = parts;
  const hub = hubOf(settings.hub_key ?? '');
  const lease = new MemberLease(clock, settings.lease_ms);
  const store = filesStore(state.path);
  let passKeys: PassKeys = [];
  let member: FleetMember | null = null;
  const standing = new Standing({ lease, hub: hub.node, sequence: () => member?.view().sequence ?? 0 });
  const start = (core: FleetCore, load: LoadFrom): void => {
    const acts: MemberActs = {
      follow: (controls, cause) => core.control.follow(controls, cause),
      files: filesInto({ core, load, store, roots }),
      followed: () => roots.exchanged,
      passKeys: (keys) => {
        passKeys = keys.map(({ id, key }) => ({ id, publicKey: publicKeyOf(key) }));
      },
    };
    const { documents } = state;
    const own = { fleet: settings.name, hub, signer, connection, documents, lease, acts };
    member = new FleetMember({
      ...{ ...own, version, clock, log, meter, leaseMs: settings.lease_ms },
      onLease: () => standing.look(),
    });
    standing.start(core);
    member.start();
  };
  return {
    hub: hub.node,
    stale: () => standing.stale(),
    watch: (told) => standing.watch(told),
    passKeys: () => passKeys,
    start,
    confirmed: async () => null,
    agree: async (epoch) => agreed(member, epoch),
    status: () => {
      const view = member?.view();
      return {
        ...{ role: 'member' as const, name: settings.name, node, key: keyOf(parts), members: [] },
        ...{ connected: connection.current() !== null, epoch: view?.epoch ?? null, sequence: view?.sequence ?? 0 },
        hub: {
          ...{ name: hub.node, controls: view?.hubVersion ?? 0, lease_ms: Math.round(lease.left()) },
          ...{ refused: view?.refused ?? null, trouble: view?.trouble ?? null },
        },
      };
    },
    missing: () => missing(standing.stale(), hub.node, member),
    measure: () => {
      meter.set('locktender_fleet_lease_seconds', lease.left() / 1000);
      meter.set('locktender_fleet_sequence', member?.view().sequence ?? 0);
    },
    stop: async () => {
      await member?.stop();
      await standing.stop();
      await connection.close();
    },
  };
}

export function filesStore(statePath: string): FilesStore {
  return new FilesStore(join(statePath, 'fleet-files'));
}

/** Files that were in force when this node stopped; null where there are none. */
export function filesAtStart(state: FleetCore['state'], fleet: string) {
  const { files } = readPosition(state.documents, fleet);
  return files && filesStore(state.path).rootsOf(files);
}

function hubOf(text: string) {
  const hub = parseNodeKey(text);
  if (!hub.ok) throw new StartRefused(`fleet.hub_key: ${hub.error}`);
  return hub.value;
}

interface Filing {
  readonly core: FleetCore;
  readonly load: LoadFrom;
  readonly store: FilesStore;
  readonly roots: ExchangeableRoots;
}

/** The files in force are those of the order when all three digests are. */
function filesInto({ core, load, store, roots }: Filing) {
  return async (policy: FleetOrder['policy'], fetch: Fetch): Promise<Result<null, string>> => {
    const files = { edited: policy.files, imports: policy.imports };
    const next = await store.have(files, fetch);
    const { bundle, categories } = core.control.current();
    const inForce = [bundle.digest, categories.digest, core.guard.rules().digest].join();
    if (inForce !== [policy.bundle, policy.categories, policy.rules].join() || core.roots.rules[0] !== next.rules[0]) {
      const loaded = await load(next, policy);
      if (!loaded.ok) return loaded;
    }
    roots.set(next);
    store.keepOnly(files);
    return ok(null);
  };
}

/** Raw Ed25519 as a key object (RFC 8410). */
function publicKeyOf(raw: string) {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(raw, 'base64')]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

async function agreed(member: FleetMember | null, epoch: string): Promise<Result<null, string>> {
  if (member === null) return err('this node is still starting; try again');
  return member.agree(epoch);
}

function missing(stale: boolean, hub: string, member: FleetMember | null): string[] {
  const view = member?.view();
  const out = stale ? [`lease from the hub \`${hub}\` (${view?.trouble ?? 'it runs out of order'})`] : [];
  if (view?.refused) out.push(`files of the hub \`${hub}\` (${view.refused})`);
  return out;
}
