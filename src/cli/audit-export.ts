/** `locktender audit export`: every entry of a log directory, in a format of others or as it stands, with what proves it. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { EXPORT_FORMATS, type ExportFormat, exportLine } from '../audit/export.ts';
import { exportProofLine } from '../audit/export-proof.ts';
import { firstKept } from '../audit/pruning.ts';
import { readCheckedEntries } from '../audit/read.ts';
import { didYouMean } from '../core/nearest.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT } from './context.ts';
import { configOf } from './given-config.ts';
import { type CliParts, leaf } from './leaf.ts';

interface ExportOptions {
  readonly format: string;
  readonly from: string;
  readonly dir?: string;
  readonly proof?: boolean;
}

const NO_PROOF = {
  early: 'none of these entries is under a signed checkpoint yet; leave out `--proof`, or wait for the next',
  other: '`--proof` is for `--format jsonl`: only the entries themselves lead to a checkpoint',
};

/** An entry a line; a part of a log says first what it is a part of. */
export function addExport(audit: Command, parts: CliParts): void {
  leaf<ExportOptions>(audit, 'export', parts, {
    summary: 'every entry of a log directory, to stdout',
    declare: (command) => {
      command
        .option('--format <format>', `one of ${EXPORT_FORMATS.join(', ')}`, 'jsonl')
        .option('--from <seq>', 'first sequence number', '0')
        .option(
          '--proof',
          'a first line `{"export":…}`, which is no event, by which the rest is verified by itself; default: for a part of a log (jsonl)',
        )
        .option('--no-proof', 'events alone, also of a part')
        .option('--dir <dir>', 'log directory; default: that of the state directory');
    },
    run: async (_, options, { io }) => {
      const format = formatOf(options);
      const dir = directoryOf(options, io);
      const first = Math.max(firstKept(dir), Number(options.from));
      const proof = format === 'jsonl' && (options.proof ?? first > 0) ? exportProofLine(dir, first) : null;
      if (proof !== null) io.stdout(`${proof}\n`);
      else if (options.proof) throw new CliFailure(EXIT.usage, NO_PROOF[format === 'jsonl' ? 'early' : 'other']);
      for (const { seq, bytes } of readCheckedEntries(dir, first)) {
        io.stdout(`${exportLine(seq, bytes.toString('utf8'), format)}\n`);
      }
    },
  });
}

function formatOf({ format, from }: ExportOptions): ExportFormat {
  const known = EXPORT_FORMATS.find((one) => one === format);
  if (known === undefined)
    throw new CliFailure(EXIT.usage, `format \`${format}\` is not known; ${didYouMean(format, EXPORT_FORMATS)}`);
  if (!/^[0-9]{1,15}$/.test(from))
    throw new CliFailure(EXIT.usage, `\`${from}\` is not a sequence number; see \`audit query\``);
  return known;
}

/** An export of nothing, from a path that is wrong, would pass for a log without entries. */
function directoryOf(options: ExportOptions & CommonOptions, io: CliIo): string {
  const dir = options.dir === undefined ? join(configOf(options, io).state, 'audit') : resolve(io.cwd, options.dir);
  if (!existsSync(dir))
    throw new CliFailure(EXIT.usage, `\`${dir}\` does not exist; name a log directory with --dir, or --state`);
  return dir;
}
