/** `locktender audit witness`: signs the checkpoints of other logs, after proof that each extends the last one. */

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type NoteVerifier, parseVerifierKey } from '../audit/signed-note.ts';
import { parseListen } from '../config/listen-address.ts';
import { linesOf } from './audit-verify.ts';
import { CliFailure, type CliIo, EXIT } from './context.ts';
import { type CliParts, collected, leaf } from './leaf.ts';

interface WitnessOptions {
  readonly logKey?: readonly string[];
  readonly listen: string;
  readonly dir: string;
  readonly name: string;
}

export function addWitness(audit: Command, parts: CliParts): void {
  leaf<WitnessOptions>(audit, 'witness', parts, {
    summary: 'a witness (C2SP tlog-witness): signs checkpoints of other logs that extend what it signed before',
    declare: (command) => {
      command
        .option('--log-key <key-or-file>', 'verifier key of a log, or a file of them; may be repeated', collected)
        .option('--listen <address>', 'where it listens', '127.0.0.1:7128')
        .option(
          '--dir <dir>',
          'its key, and what it signed last; never restore it from a backup',
          '.locktender-witness',
        )
        .option('--name <name>', 'name of its key, without spaces or `+`', 'locktender.local/witness');
    },
    run: async (_, options, { io, appliance }) => {
      const listen = parseListen(options.listen);
      if (listen === null)
        throw new CliFailure(
          EXIT.usage,
          `\`${options.listen}\` is not \`address:port\`; write for example 127.0.0.1:0`,
        );
      if (!/^[^\s+]+$/.test(options.name))
        throw new CliFailure(EXIT.usage, `\`${options.name}\` is not the name of a key; leave out spaces and \`+\``);
      const logs = (options.logKey ?? []).flatMap((given) => logKeys(given, io));
      if (logs.length === 0)
        throw new CliFailure(EXIT.usage, 'no log to witness; give --log-key, as `audit keys` of that log prints it');
      return appliance.witness({ dir: resolve(io.cwd, options.dir), name: options.name, listen, logs }, io);
    },
  });
}

function logKeys(given: string, io: CliIo): NoteVerifier[] {
  const file = resolve(io.cwd, given);
  const lines = existsSync(file) ? linesOf(readFileSync(file, 'utf8')) : [given];
  return lines.map(keyOf);
}

function keyOf(line: string): NoteVerifier {
  const key = parseVerifierKey(line);
  if (!key.ok) throw new CliFailure(EXIT.usage, `\`${line}\`: ${key.error}`);
  if (key.value.type !== 'log')
    throw new CliFailure(EXIT.usage, `\`${line}\` is the key of a witness; give that of a log`);
  return key.value;
}
