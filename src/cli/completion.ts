/** `locktender completion`: scripts for shells, and the reference page, all made from the commands as they are. */

import type { Command } from 'commander';
import { adminReference } from '../admin/contract/reference.ts';
import { ROUTES } from '../admin/contract.ts';
import { didYouMean } from '../core/nearest.ts';
import { CliFailure, EXIT } from './context.ts';
import { type CliParts, leaf } from './leaf.ts';

const MAKERS: Readonly<Record<string, (program: Command) => string>> = {
  bash,
  zsh,
  fish,
  reference: cliReference,
  'admin-api': () => adminReference(ROUTES),
};

export function addCompletion(program: Command, parts: CliParts): void {
  leaf(program, 'completion', parts, {
    summary:
      'a completion script for bash, zsh or fish, or the reference page of all commands or of the admin API, to stdout',
    declare: (command) => void command.argument('<shell>', 'bash, zsh, fish, reference or admin-api'),
    run: async ([shell = ''], _, { io }) => {
      const make = Object.hasOwn(MAKERS, shell) ? MAKERS[shell] : undefined;
      if (!make) throw new CliFailure(EXIT.usage, `no shell \`${shell}\`; ${didYouMean(shell, Object.keys(MAKERS))}`);
      io.stdout(make(program));
    },
  });
}

interface Entry {
  /** Words after `locktender`; empty for the program itself. */
  readonly words: readonly string[];
  readonly command: Command;
}

function entriesOf(command: Command, words: readonly string[] = []): readonly Entry[] {
  return [{ words, command }, ...command.commands.flatMap((sub) => entriesOf(sub, [...words, sub.name()]))];
}

/** What may follow: subcommands, else long options. */
function nextWords(command: Command): readonly string[] {
  if (command.commands.length > 0) return command.commands.map((sub) => sub.name());
  return [...command.options.flatMap(({ long }) => (long ? [long] : [])), '--help'];
}

/** The case table that bash and zsh share: the words so far → what may follow. */
function cases(program: Command): string {
  return entriesOf(program)
    .map(({ words, command }) => `    '${words.join(' ')}') words='${nextWords(command).join(' ')}' ;;`)
    .join('\n');
}

function bash(program: Command): string {
  return `# locktender completion for bash: eval "$(locktender completion bash)"
_locktender() {
  local path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in -*) break ;; esac
    path="\${path:+$path }\${COMP_WORDS[i]}"
  done
  while :; do
    case "$path" in
${cases(program)}
    esac
    [ -n "$words" ] || [ -z "$path" ] && break
    case "$path" in *' '*) path="\${path% *}" ;; *) path='' ;; esac
  done
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _locktender locktender
`;
}

function zsh(program: Command): string {
  return `#compdef locktender
# locktender completion for zsh: eval "$(locktender completion zsh)"
_locktender() {
  local path_='' words='' i
  for ((i = 2; i < CURRENT; i++)); do
    case "\${(Q)\${(z)BUFFER}[i]}" in -*) break ;; esac
    path_="\${path_:+$path_ }\${(Q)\${(z)BUFFER}[i]}"
  done
  while :; do
    case "$path_" in
${cases(program)}
    esac
    [[ -n "$words" || -z "$path_" ]] && break
    case "$path_" in *' '*) path_="\${path_% *}" ;; *) path_='' ;; esac
  done
  compadd -- \${=words}
  [[ "$words" == --* ]] && _files
}
compdef _locktender locktender
`;
}

function fish(program: Command): string {
  const lines = entriesOf(program).flatMap(({ words, command }) => {
    const when = condition(words, command);
    const subs = command.commands.map((sub) => `-f -a ${sub.name()} -d ${quoted(sub.description())}`);
    const options = command.options.flatMap(({ long, description, required, optional }) =>
      long ? [`-l ${long.slice(2)}${required || optional ? ' -r' : ''} -d ${quoted(description)}`] : [],
    );
    return [...subs, ...(command.commands.length > 0 ? [] : options)].map(
      (rest) => `complete -c locktender ${when} ${rest}`,
    );
  });
  return `# locktender completion for fish: locktender completion fish | source\n${lines.join('\n')}\n`;
}

function condition(words: readonly string[], command: Command): string {
  if (words.length === 0) return '-n __fish_use_subcommand';
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const names = command.commands.map((sub) => sub.name()).join(' ');
  const open = names === '' ? [] : [`not __fish_seen_subcommand_from ${names}`];
  return `-n '${[...seen, ...open].join('; and ')}'`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Options that every command takes are said once. */
const COMMON = new Set(['--config', '--state', '--set', '--admin', '--json']);

/** docs/cli.md. */
export function cliReference(program: Command): string {
  const leaves = entriesOf(program).filter(({ command }) => command.commands.length === 0);
  const some = leaves[0]?.command.options.filter(({ long }) => COMMON.has(long ?? '')) ?? [];
  const sections = leaves.map(({ words, command }) => {
    const given = command.registeredArguments.map((one) => argument(one.name(), one.required, one.variadic));
    const own = command.options.filter(({ long }) => !COMMON.has(long ?? ''));
    const title = ['locktender', ...words, ...given].join(' ');
    return `## \`${title}\`\n\n${command.description()}.\n${rows(own)}`;
  });
  const intro = `Made from the commands by \`npm run docs\`; a test holds it current.

Exit codes: 0 done; 1 the check failed (findings, a broken contract, a log that does not hold, denied); 2 usage or
configuration, names and ids that nothing has among them; 3 the appliance cannot be reached; 4 internal. A class or a profile
that is not defined is for admission to refuse, which is on record as every refusal of it: 1.`;
  return `# Command line\n\n${intro}\n\nEvery command takes these, and \`--help\`:\n${rows(some)}\n${sections.join('\n')}`;
}

function argument(name: string, required: boolean, variadic: boolean): string {
  const text = variadic ? `${name}...` : name;
  return required ? `<${text}>` : `[${text}]`;
}

function rows(options: Command['options']): string {
  if (options.length === 0) return '';
  const lines = options.map(({ flags, description, defaultValue }) => {
    const preset = defaultValue === undefined || defaultValue === false ? '' : ` (default \`${String(defaultValue)}\`)`;
    return `| \`${flags.replaceAll('|', '\\|')}\` | ${description.replaceAll('|', '\\|')}${preset} |`;
  });
  return `\n| Option | Meaning |\n|---|---|\n${lines.join('\n')}\n`;
}
