/** `locktender control list|approve|reject` and `locktender undo`: changes of controls as such. */

import type { Command } from 'commander';
import { adminClient } from './admin-client.ts';
import type { CommonOptions } from './context.ts';
import { change } from './controls.ts';
import { type CliParts, group, leaf } from './leaf.ts';
import { instant, printJson, printTable } from './print.ts';

export function addControl(program: Command, parts: CliParts): void {
  const control = group(program, 'control', 'changes of controls: list, approve, reject');
  leaf(control, 'list', parts, {
    summary: 'the latest changes, and those that wait for a second person',
    run: async (_, options, { io }) => {
      const answer = await adminClient(options, io).call('controlList');
      if (options.json) return printJson(io, answer);
      const waiting = answer.pending.map((p) => [p.id, worded(p.action), p.by, instant(p.until), p.why]);
      if (waiting.length > 0) printTable(io, ['WAITS', 'ACTION', 'ASKED BY', 'UNTIL', 'WHY'], waiting);
      const rows = answer.changes.map((c) => [
        c.change,
        worded(c.action),
        c.approved_by === null ? c.by : `${c.by}+${c.approved_by}`,
        instant(c.at),
        c.until === null ? '-' : instant(c.until),
        c.stands ? 'stands' : '-',
        c.why,
      ]);
      printTable(io, ['CHANGE', 'ACTION', 'BY', 'AT', 'UNTIL', 'STATE', 'WHY'], rows);
    },
  });
  change(control, 'approve', parts, {
    summary: 'carries out a change that somebody else asked for',
    argument: 'id',
    call: (client, name, { why }) => client.call('controlApprove', { params: { name }, body: { why } }),
  });
  leaf<CommonOptions & { why?: string }>(control, 'reject', parts, {
    summary: 'lets a change that waits go, without carrying it out',
    declare: (command) => void command.argument('<id>').requiredOption('--why <text>', 'reason, kept in the record'),
    run: async ([name = ''], options, { io }) => {
      const body = { why: options.why ?? '' };
      const answer = await adminClient(options, io).call('controlReject', { params: { name }, body });
      if (options.json) return printJson(io, answer);
      io.stdout(`rejected ${answer.rejected}\n`);
    },
  });
  change(program, 'undo', parts, {
    summary: 'takes one change of controls back, by the id on its receipt',
    argument: 'change',
    call: (client, name, { why }) => client.call('controlUndo', { params: { name }, body: { why } }),
  });
}

function worded({ do: verb, ...names }: { readonly do: string; readonly [name: string]: unknown }): string {
  const values = Object.values(names).filter((value) => value !== null);
  return [verb, ...values.map(String)].join(' ');
}
