/** `locktender audit …`: the record. `verify`, `keys` and `export` need no appliance. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { EXPORT_FORMATS, exportLine } from '../audit/export.ts';
import { readEntries } from '../audit/read.ts';
import { type NoteVerifier, parseVerifierKey } from '../audit/signed-note.ts';
import { verifyLog } from '../audit/verify.ts';
import { verifyProof } from '../audit/verify-proof.ts';
import { didYouMean } from '../core/nearest.ts';
import { adminClient } from './admin-client.ts';
import { CliFailure, type CliIo, type CommonOptions, configOf, EXIT, textOf } from './context.ts';
import { type CliParts, durationMs, group, leaf } from './leaf.ts';
import { printJson } from './print.ts';

interface VerifyOptions extends CommonOptions {
  readonly key?: readonly string[];
}

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
  readonly limit?: string;
}

/** Beside the log: the public keys that its checkpoints are signed with. */
const KEYS_FILE = 'log-keys.txt';

export function addAudit(program: Command, parts: CliParts): void {
  const audit = group(program, 'audit', 'the signed record: verify, query, tail, export, proof, keys');
  leaf<VerifyOptions>(audit, 'verify', parts, {
    summary: 'verifies a log directory or an inclusion proof; exit 1 when it does not hold',
    declare: (command) => {
      command
        .argument('[path]', 'log directory, or a file made by `audit proof`; default: the log of the state directory')
        .option('--key <key-or-file...>', 'verifier key, or a file of them; default: `log-keys.txt` beside the log');
    },
    run: async ([path], options, { io }) => verify(path ?? join(configOf(options, io).state, 'audit'), options, io),
  });
  leaf<QueryOptions>(audit, 'query', parts, {
    summary: 'recorded events, newest first',
    declare: (command) => void filters(command),
    run: async (_, options, { io }) => {
      const { events } = await adminClient(options, io).call('auditQuery', { query: queryOf(options) as never });
      if (options.json) return printJson(io, { events });
      for (const { seq, event } of events) io.stdout(`${lineOf(seq, event)}\n`);
    },
  });
  leaf<{ after?: string }>(audit, 'tail', parts, {
    summary: 'every event as it is recorded, as JSON Lines, until interrupted',
    declare: (command) => void command.option('--after <seq>', 'from this sequence number on'),
    run: async (_, options, { io }) => {
      const query = options.after === undefined ? {} : { after: Number(options.after) };
      for await (const event of adminClient(options, io).events('auditTail', query)) printJson(io, event);
    },
  });
  leaf(audit, 'proof', parts, {
    summary: 'the inclusion proof of one entry, as JSON',
    declare: (command) => void command.argument('<seq>'),
    run: async ([seq = ''], options, { io }) => {
      if (!/^[0-9]+$/.test(seq))
        throw new CliFailure(EXIT.usage, `\`${seq}\` is not a sequence number; see \`audit query\``);
      printJson(io, await adminClient(options, io).call('auditProof', { params: { seq: Number(seq) } }));
    },
  });
  leaf(audit, 'keys', parts, {
    summary: 'the public keys that the log is signed with (C2SP verifier keys)',
    run: async (_, options, { io }) => {
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
  leaf<{ format: string; from: string; dir?: string }>(audit, 'export', parts, {
    summary: 'every entry of a log directory, to stdout',
    declare: (command) => {
      command
        .option('--format <format>', `one of ${EXPORT_FORMATS.join(', ')}`, 'jsonl')
        .option('--from <seq>', 'first sequence number', '0')
        .option('--dir <dir>', 'log directory; default: that of the state directory');
    },
    run: async (_, options, { io }) => {
      const format = EXPORT_FORMATS.find((known) => known === options.format);
      if (format === undefined)
        throw new CliFailure(
          EXIT.usage,
          `format \`${options.format}\` is not known; ${didYouMean(options.format, EXPORT_FORMATS)}`,
        );
      if (!/^[0-9]{1,15}$/.test(options.from))
        throw new CliFailure(EXIT.usage, `\`${options.from}\` is not a sequence number; see \`audit query\``);
      const dir = options.dir === undefined ? join(configOf(options, io).state, 'audit') : resolve(io.cwd, options.dir);
      for (const { seq, bytes } of readEntries(dir, Number(options.from))) {
        io.stdout(`${exportLine(seq, bytes.toString('utf8'), format)}\n`);
      }
    },
  });
}

function verify(path: string, options: VerifyOptions, io: CliIo): number {
  const at = resolve(io.cwd, path);
  if (!existsSync(at))
    throw new CliFailure(EXIT.usage, `\`${path}\` does not exist; name a log directory or a proof file`);
  const directory = statSync(at).isDirectory();
  const verifiers = verifiersOf(
    options.key ?? [],
    directory ? join(dirname(at), KEYS_FILE) : join(configOf(options, io).state, KEYS_FILE),
    io,
  );
  if (!directory) return verifyFile(path, verifiers, options, io);
  const report = verifyLog(at, {
    verifiers,
    progress: (done, of) => {
      if (!options.json) io.stderr(`${done} of ${of} entries\n`);
    },
  });
  if (options.json) printJson(io, report);
  else if (report.fault === null && report.ok) {
    io.stdout(
      `verified: ${report.size} entries, ${report.journalled} beyond the checkpoint, ${report.checkpoints} signed checkpoints\n`,
    );
  } else io.stdout(`NOT VERIFIED: ${JSON.stringify(report.fault)}\n`);
  return report.ok ? EXIT.done : EXIT.failed;
}

function verifyFile(path: string, verifiers: readonly NoteVerifier[], options: VerifyOptions, io: CliIo): number {
  const problem = verifyProof(textOf(path, io.cwd), verifiers);
  if (options.json) printJson(io, { ok: problem === null, problem });
  else io.stdout(problem === null ? 'verified: the entry is in the log\n' : `NOT VERIFIED: ${problem}\n`);
  return problem === null ? EXIT.done : EXIT.failed;
}

function verifiersOf(given: readonly string[], fallback: string, io: CliIo): NoteVerifier[] {
  const texts =
    given.length > 0
      ? given.flatMap((key) => (existsSync(resolve(io.cwd, key)) ? linesOf(textOf(key, io.cwd)) : [key]))
      : [];
  if (given.length === 0 && existsSync(fallback)) texts.push(...linesOf(readFileSync(fallback, 'utf8')));
  if (texts.length === 0)
    throw new CliFailure(EXIT.usage, 'there is no public key to verify with; give one by `--key` (see `audit keys`)');
  return texts.map((text) => {
    const key = parseVerifierKey(text);
    if (key.ok) return key.value;
    throw new CliFailure(EXIT.usage, `a verifier key is not valid (${key.error}); copy it from \`audit keys\``);
  });
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
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
    .option('--since <duration>', 'not older than this, for example `2h`')
    .option('--limit <n>', 'at most this many', '50');
}

function queryOf({ since, ...by }: QueryOptions): Record<string, unknown> {
  const back = since === undefined ? null : durationMs(since);
  if (since !== undefined && back === null)
    throw new CliFailure(EXIT.usage, `\`${since}\` is not a duration; write for example \`2h\``);
  const from = back === null ? undefined : Date.now() - back;
  const { type, tenant, task, host, effect, reason, category, capability, rule, id, text, limit } = by;
  return { type, tenant, task, host, effect, reason, category, capability, rule, id, text, limit, since: from };
}

function lineOf(seq: number, event: Readonly<Record<string, unknown>>): string {
  const input = (event['input'] ?? {}) as { method?: string; host?: string; port?: number };
  const what =
    event['type'] === 'decision'
      ? `${event['effect']} ${event['reason']} ${input.method} ${input.host}:${input.port}`
      : '';
  return `${seq} ${event['time']} ${event['type']} ${event['tenant'] ?? '-'} ${event['task'] ?? '-'} ${what}`.trimEnd();
}
