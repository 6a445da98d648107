/** Makes commands: what all of them share is said once. */

import { type Command, Option } from 'commander';
import { type CliContext, CliFailure, type CommonOptions, EXIT } from './context.ts';

export interface LeafSpec<O> {
  readonly summary: string;
  /** Declares arguments and options beyond the common ones. */
  readonly declare?: (command: Command) => void;
  /** What it does; a number is the exit code, anything else means 0. */
  readonly run: (args: string[], options: O & CommonOptions, context: CliContext) => Promise<unknown>;
}

/** Keeps the exit code of the command that ran. */
export interface Outcome {
  code: number;
}

export interface CliParts {
  readonly context: CliContext;
  readonly outcome: Outcome;
}

/** A group of commands, such as `category`. Without a subcommand it shows its help and exits 2. */
export function group(parent: Command, name: string, summary: string): Command {
  const command = parent.command(name).description(summary);
  return command;
}

/** One command. */
export function leaf<O extends object = object>(
  parent: Command,
  name: string,
  { context, outcome }: CliParts,
  spec: LeafSpec<O>,
): Command {
  const command = parent.command(name).description(spec.summary);
  spec.declare?.(command);
  common(command);
  command.action(async (...all: unknown[]) => {
    const options = command.opts() as O & CommonOptions;
    const args = all
      .slice(0, command.registeredArguments.length)
      .flat()
      .filter((arg) => arg !== undefined) as string[];
    const code = await spec.run(args, options, context).catch((error: unknown) => {
      throw inOurWords(error, command);
    });
    outcome.code = typeof code === 'number' ? code : EXIT.done;
  });
  return command;
}

/** What an API says of a field of a request is said of the option or argument that it came from. */
function inOurWords(error: unknown, command: Command): unknown {
  if (!(error instanceof CliFailure) || error.exit !== EXIT.usage) return error;
  const [said = '', field = '', what = ''] =
    /^(?:(?:query|body|params) )?`([a-z_]+)`: (.*?)(?:; see `\/openapi\.json`)?$/s.exec(error.message) ?? [];
  const option = command.options.find(({ long }) => long === `--${field.replace(/_ms$/, '').replaceAll('_', '-')}`);
  const [argument] = command.registeredArguments;
  const ours = option?.long ?? (said.startsWith('params ') ? argument && `<${argument.name()}>` : undefined);
  return ours === undefined ? error : new CliFailure(error.exit, `\`${ours}\`: ${what}`, error.fault);
}

function common(command: Command): void {
  command
    .addOption(new Option('--config <file>', 'configuration; default `locktender.yaml` here, when there is one'))
    .addOption(new Option('--state <dir>', 'state directory; default `./.locktender`'))
    .addOption(new Option('--set <key=value>', 'sets a configuration key; may be repeated').argParser(collected))
    .addOption(new Option('--admin <url>', 'admin API of the appliance; default: the one of the state directory'))
    .addOption(new Option('--json', 'prints JSON'));
}

/** `30s`, `15m`, `2h`, `7d` → milliseconds; null when it is none. */
export function durationMs(text: string): number | null {
  const match = /^([0-9]{1,9})(ms|s|m|h|d)$/.exec(text);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? ''];
  return match && unit !== undefined ? Number(match[1]) * unit : null;
}

/** One value an option, repeated: a list of values would swallow the arguments that follow it. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
