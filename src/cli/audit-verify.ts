/** `locktender audit verify`: a log directory, an inclusion proof, a checkpoint or an export, against public keys alone. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { parseCheckpoint, type SignedCheckpoint } from '../audit/checkpoint.ts';
import { MAX_ENTRY_BYTES } from '../audit/entry-bundle.ts';
import { parseExportProof } from '../audit/export-proof.ts';
import { checkNote, type NoteVerifier, parseVerifierKey } from '../audit/signed-note.ts';
import { type VerifyReport, verifyLog } from '../audit/verify.ts';
import { type ExportReport, verifyExport } from '../audit/verify-export.ts';
import { verifyProof } from '../audit/verify-proof.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, textOf } from './context.ts';
import { fileLines } from './file-lines.ts';
import { configOf } from './given-config.ts';
import { type CliParts, leaf } from './leaf.ts';
import { printJson } from './print.ts';

interface VerifyOptions extends CommonOptions {
  readonly key?: readonly string[];
  readonly witnessKey?: readonly string[];
  readonly checkpoint?: string;
}

/** Beside the log: the public keys that its checkpoints are signed with. */
export const KEYS_FILE = 'log-keys.txt';
const CHECKPOINT = 'checkpoint';
/** An entry, or the first line of a part of a log, is never longer. */
const LONGEST_LINE = 4 * MAX_ENTRY_BYTES;
/** An entry, its path and a checkpoint are never longer. */
const MAX_PROOF_BYTES = 4 * 1024 * 1024;

export function addVerify(audit: Command, parts: CliParts): void {
  leaf<VerifyOptions>(audit, 'verify', parts, {
    summary: 'verifies a log directory, an inclusion proof, a checkpoint or an export; exit 1 when it does not hold',
    declare: (command) => {
      command
        .argument('[path]', 'log or state directory, a file of `audit proof`, a checkpoint, or a JSON Lines export')
        .option('--key <key-or-file...>', 'verifier key, or a file of them; default: `log-keys.txt` beside the log')
        .option('--witness-key <key-or-file...>', 'each of these witnesses must have signed a checkpoint of the log')
        .option(
          '--checkpoint <file>',
          'signed checkpoint that an export must lead to; default: the one that it carries, else that of the log',
        );
    },
    run: async ([path], options, { io }) => verify(path ?? join(configOf(options, io).state, 'audit'), options, io),
  });
}

function verify(path: string, options: VerifyOptions, io: CliIo): number {
  const given = resolve(io.cwd, path);
  if (!existsSync(given))
    throw new CliFailure(EXIT.usage, `\`${path}\` does not exist; name a log directory, a proof or an export`);
  if (!statSync(given).isDirectory()) return verifyFile(given, options, io);
  const dir = logDirectory(given);
  if (dir === null)
    throw new CliFailure(EXIT.usage, `\`${path}\` holds no log: neither a checkpoint nor tiles nor a journal`);
  const verifiers = verifiersOf(options.key ?? [], join(dirname(dir), KEYS_FILE), io);
  const witnesses = (options.witnessKey ?? []).length > 0 ? verifiersOf(options.witnessKey ?? [], '', io) : [];
  const report = verifyLog(dir, {
    verifiers: [...verifiers, ...witnesses],
    required: witnesses,
    progress: (done, of) => {
      if (!options.json && done > 0) io.stderr(`${done} of ${of} entries\n`);
    },
  });
  if (options.json) printJson(io, report);
  else io.stdout(report.ok ? verified(report) : `NOT VERIFIED: ${JSON.stringify(report.fault)}\n`);
  return report.ok ? EXIT.done : EXIT.failed;
}

/** A state directory holds the log as `audit`. What holds none must not pass for a log without entries. */
function logDirectory(given: string): string | null {
  const isLog = (dir: string) => LOG_PARTS.some((name) => existsSync(join(dir, name)));
  return [given, join(given, 'audit')].find(isLog) ?? null;
}

const LOG_PARTS = ['checkpoint', 'checkpoints', 'tile', 'journal', 'sealed'];

function verified({
  size,
  journalled,
  checkpoints,
  firstKept,
  tornBytes,
  unknownKeys,
  witnesses,
}: VerifyReport): string {
  const pruned = firstKept > 0 ? `; entries before ${firstKept} were pruned, their hashes hold` : '';
  const torn = tornBytes > 0 ? `; ${tornBytes} bytes at its end are torn, and were never acknowledged` : '';
  const unknown = unknownKeys > 0 ? `; ${unknownKeys} checkpoints are signed by keys not given` : '';
  const seen = witnesses.map(({ name, size: at }) => `; witness ${name} signed ${at} entries`).join('');
  return `verified: ${size} entries, ${journalled} beyond the checkpoint, ${checkpoints} signed checkpoints${pruned}${torn}${unknown}${seen}\n`;
}

function verifyFile(file: string, options: VerifyOptions, io: CliIo): number {
  const log = join(configOf(options, io).state, 'audit');
  const verifiers = verifiersOf(options.key ?? [], join(dirname(log), KEYS_FILE), io);
  if (isExport(file)) return verifyLines(file, { verifiers, log }, options, io);
  const text = statSync(file).size > MAX_PROOF_BYTES ? '' : readFileSync(file, 'utf8');
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.ok) return verifyCheckpoint(checkpoint.value, verifiers, options, io);
  const problem = verifyProof(text, verifiers);
  if (options.json) printJson(io, { ok: problem === null, problem });
  else io.stdout(problem === null ? 'verified: the entry is in the log\n' : `NOT VERIFIED: ${problem}\n`);
  return problem === null ? EXIT.done : EXIT.failed;
}

/** A checkpoint by itself: who signed it. */
function verifyCheckpoint(
  { origin, size, note }: SignedCheckpoint,
  verifiers: readonly NoteVerifier[],
  options: VerifyOptions,
  io: CliIo,
): number {
  const status = checkNote(note, verifiers);
  const problem = {
    verified: null,
    unknown_key: 'it is signed by another key',
    bad_signature: 'its signature is wrong',
  };
  const ok = status === 'verified';
  if (options.json) printJson(io, { ok, problem: problem[status], origin, size });
  else
    io.stdout(ok ? `verified: a checkpoint of ${size} entries of ${origin}\n` : `NOT VERIFIED: ${problem[status]}\n`);
  return ok ? EXIT.done : EXIT.failed;
}

function verifyLines(
  file: string,
  { verifiers, log }: { readonly verifiers: readonly NoteVerifier[]; readonly log: string },
  options: VerifyOptions,
  io: CliIo,
): number {
  const given = options.checkpoint;
  const carries = given === undefined && carriesProof(file);
  const checkpoint = given === undefined ? join(log, CHECKPOINT) : resolve(io.cwd, given);
  if (!carries && !existsSync(checkpoint))
    throw new CliFailure(EXIT.usage, `there is no checkpoint at \`${checkpoint}\`; give one by \`--checkpoint\``);
  const report = verifyExport(fileLines(file, { longest: LONGEST_LINE }), {
    checkpoint: carries ? null : readFileSync(checkpoint),
    verifiers,
    tiles: existsSync(join(dirname(checkpoint), 'tile')) ? dirname(checkpoint) : null,
  });
  if (options.json) printJson(io, report);
  else io.stdout(report.ok ? verifiedLines(report) : `NOT VERIFIED: ${JSON.stringify(report.fault)}\n`);
  return report.ok ? EXIT.done : EXIT.failed;
}

function verifiedLines({ first, end, size, beyond }: ExportReport): string {
  const more = beyond > 0 ? `; ${beyond} lines are beyond it` : '';
  if (first === 0 && end === size) return `verified: ${size} entries lead to the signed checkpoint${more}\n`;
  const part = `entries ${first} to ${end - 1} lead to the signed checkpoint of ${size}`;
  return `verified: ${part}; those around them stand by their hashes alone${more}\n`;
}

function carriesProof(file: string): boolean {
  const [line] = fileLines(file, { most: LONGEST_LINE });
  return line !== undefined && parseExportProof(line.toString('utf8')) !== null;
}

/** Its first line is an event, or says what part of a log follows; a proof is one JSON value of another shape. */
function isExport(file: string): boolean {
  if (carriesProof(file)) return true;
  const [line] = fileLines(file, { most: LONGEST_LINE });
  try {
    const first: unknown = JSON.parse(line?.toString('utf8') ?? '');
    return typeof first === 'object' && first !== null && 'type' in first && 'node' in first;
  } catch {
    return false;
  }
}

function verifiersOf(given: readonly string[], fallback: string, io: CliIo): NoteVerifier[] {
  const texts = given.flatMap((key) => (existsSync(resolve(io.cwd, key)) ? linesOf(textOf(key, io.cwd)) : [key]));
  if (given.length === 0 && existsSync(fallback)) texts.push(...linesOf(readFileSync(fallback, 'utf8')));
  if (texts.length === 0)
    throw new CliFailure(EXIT.usage, 'there is no public key to verify with; give one by `--key` (see `audit keys`)');
  return texts.map((text) => {
    const key = parseVerifierKey(text);
    if (key.ok) return key.value;
    throw new CliFailure(EXIT.usage, `a verifier key is not valid (${key.error}); copy it from \`audit keys\``);
  });
}

/** Lines that say something, without comments. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
