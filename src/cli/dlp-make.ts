/** `locktender dlp exact|fingerprint|dictionary|canary`: rules made from an owner's own data, which they do not hold. */

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { canaryRules, dictionaryRules, exactRules, fingerprintRules, type MadeRules } from '../dlp/made-rules.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, readAll, textOf } from './context.ts';
import { columnsOf } from './csv.ts';
import { type CliParts, leaf } from './leaf.ts';
import { printJson } from './print.ts';

interface MakeOptions extends CommonOptions {
  readonly out?: string;
  readonly name?: string;
  readonly column?: string[];
  readonly count?: string;
}

const random = (bytes: number): string => randomBytes(bytes).toString('hex');
const MOST_CANARIES = 80;

export function addDlpMakers(dlp: Command, parts: CliParts): void {
  leaf<MakeOptions>(dlp, 'exact', parts, {
    summary: 'a rule file that finds the exact values of a CSV table and holds only their salted digests',
    declare: (command) => {
      output(command.argument('<file>', 'CSV with a header line; `-` reads stdin')).option(
        '--column <title...>',
        'columns to look for; default: all that can be looked for',
      );
    },
    run: async ([file = '-'], options, { io }) => {
      const columns = columnsOf(await read(file, io));
      const wanted = options.column;
      const unknown = wanted?.find((title) => !columns.some((column) => column.title === title));
      if (unknown !== undefined) {
        const titles = columns.map(({ title }) => `\`${title}\``).join(', ');
        throw new CliFailure(EXIT.usage, `${file} has no column \`${unknown}\`; its columns are ${titles}`);
      }
      const chosen = columns.filter(({ title }) => wanted?.includes(title) ?? true);
      return print(exactRules(nameOf(file, options), chosen, random), options, io);
    },
  });
  leaf<MakeOptions>(dlp, 'fingerprint', parts, {
    summary: 'a rule file that finds sentences of documents and holds only their salted digests',
    declare: (command) => void output(command.argument('<files...>', 'plain text; `-` reads stdin')),
    run: async (files, options, { io }) => {
      const texts = await Promise.all(files.map((file) => read(file, io)));
      return print(fingerprintRules(nameOf(files[0] ?? '-', options), texts, random), options, io);
    },
  });
  leaf<MakeOptions>(dlp, 'dictionary', parts, {
    summary: 'a rule file that finds the words and phrases of a list, one a line',
    declare: (command) => void output(command.argument('<file>', 'a word or phrase a line; `-` reads stdin')),
    run: async ([file = '-'], options, { io }) => {
      const words = (await read(file, io)).split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
      return print(dictionaryRules(nameOf(file, options), words), options, io);
    },
  });
  leaf<MakeOptions>(dlp, 'canary', parts, {
    summary: 'new canary tokens, and the rule file that finds them; leave them where nobody should read',
    declare: (command) => {
      output(command.argument('<name>', 'what the tokens guard')).option('--count <n>', 'how many tokens', '1');
    },
    run: async ([name = ''], options, { io }) => {
      const count = Number(options.count);
      if (!Number.isInteger(count) || count < 1 || count > MOST_CANARIES)
        throw new CliFailure(EXIT.usage, `\`--count\` is from 1 to ${MOST_CANARIES}`);
      const made = canaryRules(name, count, random);
      for (const token of made.tokens) if (!options.json) io.stderr(`${token}\n`);
      return print(made, options, io, { tokens: made.tokens });
    },
  });
}

function output(command: Command): Command {
  return command
    .option('--out <file>', 'where the rule file is written, readable by its owner only; default: stdout')
    .option('--name <name>', 'part of the rule ids; default: the name of the file');
}

async function read(file: string, io: CliIo): Promise<string> {
  return file === '-' ? (await readAll(io.stdin)).toString('utf8') : textOf(file, io.cwd);
}

function nameOf(file: string, { name }: MakeOptions): string {
  return name ?? (file === '-' ? 'stdin' : basename(file).replace(/\.[a-z]{1,5}$/i, ''));
}

function print({ yaml, rules, left }: MadeRules, { out, json }: MakeOptions, io: CliIo, more: object = {}): number {
  if (out !== undefined && yaml !== '') writeFileSync(resolve(io.cwd, out), yaml, { mode: 0o600 });
  if (json) printJson(io, { rules, left_out: left, ...more, yaml });
  else {
    if (out === undefined) io.stdout(yaml);
    for (const text of left) io.stderr(`left out: ${text}\n`);
    for (const { id, values } of rules) io.stderr(`${id}: ${values}\n`);
  }
  return rules.length > 0 ? EXIT.done : EXIT.failed;
}
