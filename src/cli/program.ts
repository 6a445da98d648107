/** The command line: every command in one place, and how each ends. */

import { Command, CommanderError } from 'commander';
import { didYouMean } from '../core/nearest.ts';
import { type ApplianceCommands, CliFailure, type CliIo, EXIT } from './context.ts';
import type { CliParts } from './leaf.ts';

type Add = (program: Command, parts: CliParts) => void;

/**
 * In the order of `--help`. To add a command: write its file, name it here. Each file is read only when its command is
 * asked for (or all are listed), since reading them all takes longer than most commands do.
 */
const COMMANDS: readonly { readonly names: readonly string[]; readonly load: () => Promise<Add> }[] = [
  { names: ['serve', 'tour'], load: async () => (await import('./operations.ts')).addServe },
  { names: ['config'], load: async () => (await import('./config.ts')).addConfig },
  { names: ['pass'], load: async () => (await import('./pass.ts')).addPass },
  { names: ['run'], load: async () => (await import('./run.ts')).addRun },
  { names: ['relay'], load: async () => (await import('./relay.ts')).addRelay },
  { names: ['exec'], load: async () => (await import('./exec.ts')).addExec },
  { names: ['category'], load: async () => (await import('./category.ts')).addCategory },
  { names: ['capability'], load: async () => (await import('./capability.ts')).addCapability },
  { names: ['tenant'], load: async () => (await import('./capability.ts')).addTenant },
  { names: ['task'], load: async () => (await import('./capability.ts')).addTask },
  { names: ['host'], load: async () => (await import('./capability.ts')).addHost },
  { names: ['control', 'undo'], load: async () => (await import('./control.ts')).addControl },
  { names: ['fleet'], load: async () => (await import('./fleet.ts')).addFleet },
  { names: ['token'], load: async () => (await import('./token.ts')).addToken },
  { names: ['policy'], load: async () => (await import('./policy.ts')).addPolicy },
  { names: ['decide'], load: async () => (await import('./policy.ts')).addDecide },
  { names: ['dlp'], load: async () => (await import('./dlp.ts')).addDlp },
  { names: ['guard'], load: async () => (await import('./guard.ts')).addGuard },
  { names: ['audit'], load: async () => (await import('./audit.ts')).addAudit },
  { names: ['status'], load: async () => (await import('./operations.ts')).addOperations },
  { names: ['doctor'], load: async () => (await import('./doctor.ts')).addDoctor },
  { names: ['completion'], load: async () => (await import('./completion.ts')).addCompletion },
  { names: ['slo'], load: async () => (await import('./slo.ts')).addSlo },
];

/** Runs one command line (without program names). The value is the exit code; never throws. */
export async function runCli(argv: readonly string[], io: CliIo, appliance: ApplianceCommands): Promise<number> {
  const outcome = { code: EXIT.done as number };
  const program = new Command('locktender')
    .description('Egress proxy and DLP result guard for AI-agent sandboxes.')
    .version(appliance.version)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout(text), writeErr: (text) => io.stderr(text) });
  try {
    for (const { load } of wanted(argv)) (await load())(program, { context: { io, appliance }, outcome });
    if (argv.length === 0) {
      io.stderr(program.helpInformation());
      return EXIT.usage;
    }
    const unknown = unknownCommand(program, argv);
    if (unknown !== null) {
      io.stderr(`locktender: ${unknown}\n`);
      return EXIT.usage;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return outcome.code;
  } catch (error) {
    return exitOf(error, io);
  }
}

/** The command that was named; all of them for `--help` and for names that do not exist. */
function wanted(argv: readonly string[]): typeof COMMANDS {
  if (argv.length === 1 && VERSION_ASKED.has(argv[0] ?? '')) return [];
  // It speaks of every command.
  if (argv[0] === 'completion') return COMMANDS;
  const named = COMMANDS.filter(({ names }) => names.includes(argv[0] ?? ''));
  return named.length > 0 ? named : COMMANDS;
}

const VERSION_ASKED = new Set(['--version', '-V']);

/** Commander answers `nonsense --help` with the parent's help and 0; a name that does not exist is a mistake. */
function unknownCommand(program: Command, argv: readonly string[]): string | null {
  let at = program;
  for (const word of argv) {
    if (word.startsWith('-') || at.commands.length === 0 || word === 'help') return null;
    const next = at.commands.find((command) => command.name() === word);
    if (next === undefined) {
      const names = at.commands.map((command) => command.name());
      return `unknown command \`${word}\`; ${didYouMean(word, names)}`;
    }
    at = next;
  }
  return null;
}

/** What the disk and the record say, which is no fault of the program. */
const KNOWN: Readonly<Record<string, { readonly exit: number; say(error: Error): string }>> = {
  EACCES: { exit: EXIT.usage, say: (error) => `${error.message}; run it as the user that may` },
  EPERM: { exit: EXIT.usage, say: (error) => `${error.message}; run it as the user that may` },
  EROFS: { exit: EXIT.usage, say: (error) => `${error.message}; name a directory that can be written` },
  ENOSPC: { exit: EXIT.internal, say: (error) => `${error.message}; make room on this disk` },
  EIO: { exit: EXIT.internal, say: (error) => `${error.message}; the disk is failing` },
  ENTRIES_MISSING: { exit: EXIT.failed, say: (error) => error.message },
  ENTRY_ALTERED: { exit: EXIT.failed, say: (error) => error.message },
  NO_PROOF: { exit: EXIT.failed, say: (error) => error.message },
  LOG_DAMAGED: { exit: EXIT.failed, say: (error) => error.message },
};

function exitOf(error: unknown, io: CliIo): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof CliFailure) {
    io.stderr(`locktender: ${error.message}\n`);
    return error.exit;
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EPIPE') return EXIT.done;
  const known = KNOWN[code];
  if (known !== undefined && error instanceof Error) {
    io.stderr(`locktender: ${known.say(error)}\n`);
    return known.exit;
  }
  io.stderr(`locktender: internal error: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}\n`);
  return EXIT.internal;
}
