/** The commands that change controls: category, capability, tenant, task, host. Each prints its receipt. */

import type { Command } from 'commander';
import type { AnswerOf } from '../admin/contract.ts';
import { type AdminClient, adminClient } from './admin-client.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT } from './context.ts';
import { type CliParts, durationMs, leaf } from './leaf.ts';
import { instant, plain, printJson } from './print.ts';

export interface ChangeOptions extends CommonOptions {
  readonly for?: string;
  readonly why?: string;
  readonly tenant?: string;
}

type Receipt = AnswerOf<'categoryBlock'>;
export interface ChangeBody {
  readonly why: string;
  readonly for_ms: number | null;
}

export interface ChangeSpec {
  readonly summary: string;
  readonly argument: string;
  /** Whether it can return by itself. */
  readonly returns?: boolean;
  /** What `--tenant` means, where there is one. */
  readonly perTenant?: string;
  readonly call: (client: AdminClient, name: string, body: ChangeBody, options: ChangeOptions) => Promise<Receipt>;
}

/**
 * A command that changes one control. Exit 1 when a flow was not confirmed cut, when a member of a fleet did not confirm, or when
 * it waits for a second person.
 */
export function change(parent: Command, name: string, parts: CliParts, spec: ChangeSpec): void {
  leaf<ChangeOptions>(parent, name, parts, {
    summary: spec.summary,
    declare: (command) => {
      command.argument(`<${spec.argument}>`).option('--why <text>', 'reason, kept in the record');
      if (spec.returns) command.option('--for <duration>', 'returns by itself after this, for example `30m`');
      if (spec.perTenant) command.option('--tenant <name>', spec.perTenant);
    },
    run: async ([subject = ''], options, { io }) => {
      const asked = spec.call(adminClient(options, io), subject, bodyOf(options, io), options);
      const receipt = await asked.catch((error: unknown) => {
        // A script that asked has to learn what to have approved.
        if (options.json && waits(error)) printJson(io, error.fault);
        throw error;
      });
      printReceipt(io, receipt, options.json === true);
      return isCertain(receipt) ? EXIT.done : EXIT.failed;
    },
  });
}

function isCertain({ missed, fleet }: Receipt): boolean {
  return missed.length === 0 && (fleet === undefined || (fleet.missed === 0 && fleet.cut_off.length === 0));
}

function waits(error: unknown): error is CliFailure {
  return error instanceof CliFailure && error.fault?.code === 'needs_second_person';
}

function bodyOf(options: ChangeOptions, io: CliIo): ChangeBody {
  const forMs = options.for === undefined ? null : durationMs(options.for);
  if (options.for !== undefined && forMs === null) {
    throw new CliFailure(EXIT.usage, `\`${options.for}\` is not a duration; write for example \`30m\``);
  }
  // The appliance's own bounds, in the words that they are given in here.
  if (forMs !== null && (forMs < 1000 || forMs > 31_536_000_000)) {
    throw new CliFailure(EXIT.usage, `\`--for ${options.for}\` is not from 1s to 365d; write for example \`30m\``);
  }
  return { why: options.why ?? `by ${io.env['USER'] ?? 'the operator'} on the command line`, for_ms: forMs };
}

function printReceipt(io: CliIo, receipt: Receipt, json: boolean): void {
  if (json) {
    printJson(io, receipt);
    return;
  }
  const { change: id, version, live, dependants, cut, missed, decisions, slowest_ms: slowest } = receipt;
  io.stdout(`change ${id}, controls version ${version}\n`);
  io.stdout(
    `cut ${cut} of ${dependants} dependent flows (${live} live), slowest ${slowest} ms; ${decisions} cached decisions dropped\n`,
  );
  if (missed.length > 0) io.stdout(`NOT cut: ${missed.join(' ')}\n`);
  if (receipt.fleet) printFleet(io, receipt.fleet);
  if (receipt.warning !== undefined) io.stderr(`warning: ${plain(receipt.warning)}\n`);
}

function printFleet(io: CliIo, fleet: NonNullable<Receipt['fleet']>): void {
  const { members, confirmed, denying, live, dependants, cut, missed, cut_off: cutOff } = fleet;
  const within = fleet.confirmed_ms === null ? '' : ` within ${fleet.confirmed_ms} ms`;
  io.stdout(`fleet: ${confirmed} of ${members} members confirmed${within}, ${denying} hold no lease and deny\n`);
  io.stdout(`fleet: cut ${cut} of ${dependants} dependent flows (${live} live), slowest ${fleet.slowest_ms} ms\n`);
  if (missed > 0) io.stdout(`NOT cut: ${missed} flows at members\n`);
  for (const { node, denies_from: from } of cutOff) io.stdout(`CUT OFF: ${node}, denies from ${instant(from)} on\n`);
}
