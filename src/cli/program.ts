/** The command line: every command in one place, and how each ends. */

import { Command, CommanderError } from 'commander';
import { didYouMean } from '../core/nearest.ts';
import { addAudit } from './audit.ts';
import { addCapability, addHost, addTask, addTenant } from './capability.ts';
import { addCategory } from './category.ts';
import { addConfig } from './config.ts';
import { type ApplianceCommands, CliFailure, type CliIo, EXIT } from './context.ts';
import { addDlp } from './dlp.ts';
import { addExec } from './exec.ts';
import { addGuard } from './guard.ts';
import type { CliParts } from './leaf.ts';
import { addOperations, addServe } from './operations.ts';
import { addPass } from './pass.ts';
import { addDecide, addPolicy } from './policy.ts';
import { addRun } from './run.ts';

/** In the order of `--help`. To add a command: write its file, name it here. */
const COMMANDS: readonly ((program: Command, parts: CliParts) => void)[] = [
  addServe,
  addConfig,
  addPass,
  addRun,
  addExec,
  addCategory,
  addCapability,
  addTenant,
  addTask,
  addHost,
  addPolicy,
  addDecide,
  addDlp,
  addGuard,
  addAudit,
  addOperations,
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
  for (const add of COMMANDS) add(program, { context: { io, appliance }, outcome });
  try {
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

function exitOf(error: unknown, io: CliIo): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof CliFailure) {
    io.stderr(`locktender: ${error.message}\n`);
    return error.exit;
  }
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return EXIT.done;
  io.stderr(`locktender: internal error: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}\n`);
  return EXIT.internal;
}
