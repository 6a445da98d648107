/** `locktender dlp import FORMAT FILE`: rules of other tools as a rule file of ours, and what could not be carried. */

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { readGitleaks } from '../dlp/importers/gitleaks.ts';
import { readGoogle } from '../dlp/importers/google.ts';
import { type Draft, finishImport, type Import } from '../dlp/importers/imported-rules.ts';
import { readNoseyParker } from '../dlp/importers/nosey-parker.ts';
import { readPresidio } from '../dlp/importers/presidio.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, readAll, textOf } from './context.ts';
import { type CliParts, leaf } from './leaf.ts';
import { printJson } from './print.ts';

/** To add a format: write its reader in `src/dlp/importers/`, name it here. */
const READERS: Readonly<Record<string, (text: string, shipped: ReadonlySet<string>) => Draft>> = {
  gitleaks: readGitleaks,
  presidio: readPresidio,
  noseyparker: readNoseyParker,
  kingfisher: readNoseyParker,
  google: readGoogle,
};

interface ImportOptions extends CommonOptions {
  readonly out?: string;
}

/** `shipped` gives the info types of the rules in force. */
export function addDlpImport(
  dlp: Command,
  parts: CliParts,
  shipped: (options: CommonOptions, io: CliIo) => ReadonlySet<string>,
): void {
  leaf<ImportOptions>(dlp, 'import', parts, {
    summary: 'rules of another tool as a rule file; says exactly what could not be carried; exit 1 when nothing could',
    declare: (command) => {
      command
        .argument('<format>', Object.keys(READERS).join(', '))
        .argument('<file>', '`-` reads stdin')
        .option('--out <file>', 'where the rule file is written; default: stdout');
    },
    run: async ([format = '', file = '-'], options, { io }) => {
      const read = Object.hasOwn(READERS, format) ? READERS[format] : undefined;
      if (read === undefined) {
        throw new CliFailure(EXIT.usage, `\`${format}\` is not a format; one of ${Object.keys(READERS).join(', ')}`);
      }
      const text = file === '-' ? (await readAll(io.stdin)).toString('utf8') : textOf(file, io.cwd);
      const made = finishImport(drafted(() => read(text, shipped(options, io)), format, file));
      print(made, options, io);
      return made.rules.length > 0 ? EXIT.done : EXIT.failed;
    },
  });
}

function print({ yaml, rules, notCarried }: Import, { out, json }: ImportOptions, io: CliIo): void {
  if (out !== undefined && yaml !== '') writeFileSync(resolve(io.cwd, out), yaml);
  if (json) {
    printJson(io, { rules, not_carried: notCarried, yaml });
    return;
  }
  if (out === undefined) io.stdout(yaml);
  for (const { rule, line, what } of notCarried) {
    const where = `${line === undefined ? '' : `line ${line}: `}${rule === null ? '' : `${rule}: `}`;
    io.stderr(`not carried: ${where}${what}\n`);
  }
  io.stderr(`${rules.length} rules\n`);
}

function drafted(read: () => Draft, format: string, file: string): Draft {
  try {
    return read();
  } catch (error) {
    const cause =
      error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : 'unknown';
    throw new CliFailure(
      EXIT.usage,
      `${file}: not a file of ${format} (${cause.split('\n').slice(0, 2).join(' ')}); check the format`,
    );
  }
}
