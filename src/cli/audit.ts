/** `locktender audit …`: the record. What only reads needs no appliance, but for `tail`. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ROUTES } from '../admin/contract.ts';
import type { EventFilter } from '../audit/query.ts';
import type { AuditEvent } from '../core/event.ts';
import { didYouMean } from '../core/nearest.ts';
import { REASONS } from '../core/reasons.ts';
import { adminClient } from './admin-client.ts';
import { addExport } from './audit-export.ts';
import { addForward } from './audit-forward.ts';
import { keptEvents, keptProof, liveOrKept } from './audit-offline.ts';
import { addTail } from './audit-tail.ts';
import { addVerify, KEYS_FILE, linesOf } from './audit-verify.ts';
import { addWitness } from './audit-witness.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT } from './context.ts';
import { EVENT_TYPES, eventLine } from './event-line.ts';
import { configOf } from './given-config.ts';
import { type CliParts, durationMs, group, leaf } from './leaf.ts';
import { printJson } from './print.ts';

interface QueryOptions extends CommonOptions {
  readonly type?: string;
  readonly tenant?: string;
  readonly task?: string;
  readonly host?: string;
  readonly effect?: 'allow' | 'deny';
  readonly reason?: string;
  readonly category?: string;
  readonly capability?: string;
  readonly rule?: string;
  readonly id?: string;
  readonly text?: string;
  readonly since?: string;
  readonly until?: string;
  readonly before?: string;
  readonly limit?: string;
}

export function addAudit(program: Command, parts: CliParts): void {
  const audit = group(
    program,
    'audit',
    'the signed record: verify, query, tail, export, proof, keys, prune, shred, witness, forward',
  );
  addVerify(audit, parts);
  addReading(audit, parts);
  addTail(audit, parts);
  addKeeping(audit, parts);
  addExport(audit, parts);
  addWitness(audit, parts);
  addForward(audit, parts);
}

function addReading(audit: Command, parts: CliParts): void {
  leaf<QueryOptions>(audit, 'query', parts, {
    summary: 'recorded events, newest first',
    declare: (command) => void filters(command),
    run: async (_, options, { io }) => {
      const query = queryOf(options);
      const events = await liveOrKept<readonly { readonly seq: number; readonly event: object }[]>(options, io, {
        live: async () => (await adminClient(options, io).call('auditQuery', { query: query as never })).events,
        kept: (state) => keptEvents(state, filterOf(query)),
      });
      if (options.json) return printJson(io, { events });
      for (const { seq, event } of events) io.stdout(`${eventLine(seq, event as AuditEvent)}\n`);
    },
  });
  leaf(audit, 'proof', parts, {
    summary: 'the inclusion proof of one entry, as JSON',
    declare: (command) => void command.argument('<seq>'),
    run: async ([seq = ''], options, { io }) => {
      if (!/^[0-9]+$/.test(seq))
        throw new CliFailure(EXIT.usage, `\`${seq}\` is not a sequence number; see \`audit query\``);
      const proof = await liveOrKept<object>(options, io, {
        live: () => adminClient(options, io).call('auditProof', { params: { seq: Number(seq) } }),
        kept: (state) => keptProof(state, Number(seq)),
      });
      printJson(io, proof);
    },
  });
}

function addKeeping(audit: Command, parts: CliParts): void {
  leaf<{ rotate?: boolean; why?: string }>(audit, 'keys', parts, {
    summary: 'the public keys that the log is signed with (C2SP verifier keys), newest first',
    declare: (command) => {
      command
        .option('--rotate', 'makes a new key; the old one signs beside it for `audit.key_overlap_days`')
        .option('--why <text>', 'reason, kept in the record');
    },
    run: async (_, options, { io }) => {
      if (options.rotate) await adminClient(options, io).call('auditRotate', { body: { why: whyOf(options, io) } });
      const file = join(configOf(options, io).state, KEYS_FILE);
      if (!existsSync(file))
        throw new CliFailure(
          EXIT.unreachable,
          `\`${file}\` is missing; it is written when \`locktender serve\` starts`,
        );
      const keys = linesOf(readFileSync(file, 'utf8'));
      if (options.json) return printJson(io, { keys });
      for (const key of keys) io.stdout(`${key}\n`);
    },
  });
  leaf<{ olderThan?: string; why?: string }>(audit, 'prune', parts, {
    summary: 'seals and removes whole segments that are old enough; what remains verifies',
    declare: (command) => {
      command
        .option('--older-than <duration>', 'in whole days, for example `30d`; default: `audit.retention_days`')
        .option('--why <text>', 'reason, kept in the record');
    },
    run: async (_, options, { io }) => {
      const days = options.olderThan === undefined ? null : (durationMs(options.olderThan) ?? 0) / 86_400_000;
      if (days !== null && (days < 1 || !Number.isInteger(days)))
        throw new CliFailure(EXIT.usage, `\`${options.olderThan}\` is not a number of days; write for example \`30d\``);
      const body = { why: whyOf(options, io), older_than_days: days };
      const { sealed, removed, first_kept: first } = await adminClient(options, io).call('auditPrune', { body });
      if (options.json) return printJson(io, { sealed, removed, first_kept: first });
      io.stdout(`${sealed} segments sealed, ${removed} entries removed; the first that is kept is ${first}\n`);
    },
  });
  leaf<{ tenant: string; why?: string }>(audit, 'shred', parts, {
    summary: "destroys a tenant's key: what it sealed in the record can never be read again; cannot be undone",
    declare: (command) => {
      command.requiredOption('--tenant <name>', 'whose key').option('--why <text>', 'reason, kept in the record');
    },
    run: async (_, options, { io }) => {
      const body = { tenant: options.tenant, why: whyOf(options, io) };
      const answer = await adminClient(options, io).call('auditShred', { body });
      if (options.json) return printJson(io, answer);
      io.stdout(answer.shredded ? `the key of ${answer.tenant} is destroyed\n` : `${answer.tenant} had no key\n`);
    },
  });
}

function whyOf({ why }: { readonly why?: string }, io: CliIo): string {
  return why ?? `by ${io.env['USER'] ?? 'the operator'} on the command line`;
}

function filters(command: Command): Command {
  return command
    .option('--type <type>', 'event type, for example `decision`')
    .option('--tenant <name>', 'of this tenant')
    .option('--task <id>', 'of this task')
    .option('--host <host>', 'decisions about this host')
    .option('--effect <allow|deny>', 'decisions with this effect')
    .option('--reason <code>', 'decisions with this reason')
    .option('--category <name>', 'decisions about hosts of this category')
    .option('--capability <name>', 'decisions that this capability granted')
    .option('--rule <id>', 'decisions by this rule')
    .option('--id <id>', 'the event of this id, and what belongs to that decision')
    .option('--text <text>', 'entries that hold this text')
    .option('--since <time>', 'not older than this: for example `2h`, or an RFC 3339 instant')
    .option('--until <time>', 'not younger than this, in the same ways')
    .option('--before <seq>', 'only entries before this sequence number, to page on')
    .option('--limit <n>', 'at most this many', '50');
}

function queryOf({ since, until, ...by }: QueryOptions): Record<string, unknown> {
  const { type, tenant, task, host, effect, reason, category, capability, rule, id, text, limit, before } = by;
  // A name that nothing bears finds nothing, which would pass for an answer.
  if (type !== undefined && !EVENT_TYPES.includes(type))
    throw new CliFailure(EXIT.usage, `event type \`${type}\` is not known; ${didYouMean(type, EVENT_TYPES)}`);
  if (reason !== undefined && !Object.hasOwn(REASONS, reason))
    throw new CliFailure(EXIT.usage, `reason \`${reason}\` is not known; ${didYouMean(reason, Object.keys(REASONS))}`);
  const named = { type, tenant, task, host, effect, reason, category, capability, rule, id, text, limit, before };
  const span = { since: instantOf(since), until: instantOf(until) };
  if (span.since !== undefined && span.until !== undefined && span.since > span.until)
    throw new CliFailure(EXIT.usage, `--since \`${since}\` is after --until \`${until}\`; swap them`);
  return { ...named, ...span };
}

/** Epoch ms of `2h` ago, or of an instant as it stands. */
function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const back = durationMs(text);
  if (back !== null) return Date.now() - back;
  const at = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  // 30 February is read as a day in March.
  if (!Number.isNaN(at) && isDay(text.slice(0, 10))) return at;
  throw new CliFailure(EXIT.usage, `\`${text}\` is not a time; write for example \`2h\` or \`2026-11-23T00:00:00Z\``);
}

function isDay(text: string): boolean {
  return new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
}

/** The query by the rules that the appliance reads it by. */
function filterOf(query: Record<string, unknown>): EventFilter {
  const read = ROUTES.auditQuery.query.safeParse(query);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new CliFailure(EXIT.usage, `\`${issue?.path.join('.')}\`: ${issue?.message.toLowerCase()}`);
}
