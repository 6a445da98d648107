/** `locktender fleet status|key|follow`: this node in its fleet. */

import type { Command } from 'commander';
import type { AnswerOf } from '../admin/contract.ts';
import { adminClient } from './admin-client.ts';
import { type CliIo, type CommonOptions, EXIT } from './context.ts';
import { configOf } from './given-config.ts';
import { type CliParts, group, leaf } from './leaf.ts';
import { instant, plain, printJson, printTable } from './print.ts';

type Fleet = AnswerOf<'fleetStatus'>;

export function addFleet(program: Command, parts: CliParts): void {
  const fleet = group(program, 'fleet', 'several appliances under one hub: status, key, follow');
  leaf(fleet, 'status', parts, {
    summary:
      'this node in its fleet; exit 1 where a node denies, is behind or refused files, or a record does not continue',
    run: async (_, options, { io }) => {
      const answer = await adminClient(options, io).call('fleetStatus');
      if (options.json) printJson(io, answer);
      else printStatus(io, answer);
      return isWell(answer) ? EXIT.done : EXIT.failed;
    },
  });
  leaf(fleet, 'key', parts, {
    summary: 'the public key of this node, as the others pin it; made where there is none yet',
    run: async (_, options, { io, appliance }) => {
      const key = await appliance.fleetKey(configOf(options, io));
      if (options.json) return printJson(io, { key });
      io.stdout(`${key}\n`);
    },
  });
  leaf<CommonOptions & { why: string }>(fleet, 'follow', parts, {
    summary: 'at a member: agrees to follow a hub that lost its state and began a new epoch',
    declare: (command) => void command.argument('<epoch>').requiredOption('--why <text>', 'reason, kept in the record'),
    run: async ([epoch = ''], options, { io }) => {
      const answer = await adminClient(options, io).call('fleetFollow', { body: { epoch, why: options.why } });
      if (options.json) return printJson(io, answer);
      io.stdout(`follows epoch ${answer.followed}\n`);
    },
  });
}

function isWell({ hub, members, mirrors, shipping }: Fleet): boolean {
  const here = hub === null || (hub.lease_ms > 0 && hub.refused === null);
  const records = mirrors.every(({ fault }) => fault === null) && !['refused', 'lost'].includes(shipping?.state ?? '');
  return here && records && members.every((m) => m.state === 'current' && m.refused === null && !m.doubled);
}

/** What went wrong may be in the words of the NATS server, which are not believed: no terminal does what they say. */
export function printStatus(
  io: CliIo,
  { role, name, node, connected, epoch, sequence, hub, members, mirrors, shipping }: Fleet,
): void {
  io.stdout(`${role} \`${node}\` of fleet \`${name}\`, NATS ${connected ? 'reached' : 'NOT REACHED'}\n`);
  io.stdout(`epoch ${epoch ?? '-'}, order ${sequence}\n`);
  if (hub !== null) {
    const lease = hub.lease_ms > 0 ? `${(hub.lease_ms / 1000).toFixed(1)} s left` : 'over: everything is denied';
    io.stdout(`hub \`${hub.name}\`, controls version ${hub.controls}; lease ${lease}\n`);
    if (hub.trouble !== null) io.stdout(`TROUBLE: ${plain(hub.trouble)}\n`);
    if (hub.refused !== null) io.stdout(`FILES REFUSED: ${plain(hub.refused)}\n`);
    if (shipping !== null) printShipping(io, shipping);
    return;
  }
  const time = (at: number | null) => (at === null ? '-' : instant(at));
  const rows = members.map((m) => [
    ...[m.node, m.state, m.sequence === null ? '-' : String(m.sequence), time(m.lease_until), time(m.heard_at)],
    ...[m.version ?? '-', m.refused ?? '-'],
  ]);
  printTable(io, ['NODE', 'STATE', 'ORDER', 'LEASE UNTIL', 'HEARD', 'VERSION', 'FILES REFUSED'], rows);
  for (const { node } of members.filter(({ doubled }) => doubled))
    io.stdout(`TWICE: two appliances run with the key of ${node}; give one of them a name and a key of its own\n`);
  if (mirrors.length > 0) printMirrors(io, mirrors);
}

function printShipping(io: CliIo, { state, entries, behind, why }: NonNullable<Fleet['shipping']>): void {
  io.stdout(`record: ${state}, ${entries} entries are safe at the hub, ${behind} are not yet\n`);
  if (why !== null) io.stdout(`RECORD: ${plain(why)}\n`);
}

function printMirrors(io: CliIo, mirrors: Fleet['mirrors']): void {
  const rows = mirrors.map(({ node, entries, behind, heard_at: heard, fault }) => [
    ...[node, String(entries), String(behind), heard === null ? '-' : instant(heard), fault ?? '-'],
  ]);
  printTable(io, ['RECORD OF', 'ENTRIES', 'BEHIND', 'LAST CAME', 'FAULT'], rows);
}
