/** `locktender guard`: filters stdin to stdout as the gate would; findings to stderr. */

import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { loadPolicy, rootsOf } from '../control/load-revision.ts';
import type { BodyFilter } from '../guard/body-filter.ts';
import { createGuard } from '../guard/guard.ts';
import { CliFailure, type CliIo, type CommonOptions, configOf, EXIT, must } from './context.ts';
import { rulesOf } from './dlp.ts';
import { type CliParts, leaf } from './leaf.ts';

interface GuardOptions extends CommonOptions {
  readonly direction: string;
  readonly profile?: string;
  readonly rules?: string;
  readonly contentType: string;
  readonly tool?: string;
}

export function addGuard(program: Command, parts: CliParts): void {
  leaf<GuardOptions>(program, 'guard', parts, {
    summary: 'filters stdin to stdout, streaming; findings to stderr as JSON Lines; exit 1 when blocked',
    declare: (command) => {
      command
        .option('--direction <result|request>', 'towards the model, or out of the sandbox', 'result')
        .option('--profile <name>', 'whose guard settings; default: the profile of the default class')
        .option('--content-type <type>', 'media type of the input', 'text/plain')
        .option('--tool <name>', 'name of the tool whose result this is')
        .option('--rules <dir>', 'directory of rule files');
    },
    run: (_, options, { io }) => filterStdin(options, io),
  });
}

/** The next bytes may be long in coming: then what can go on goes on (DESIGN section 10). */
const IDLE_MS = 15;

async function filterStdin(options: GuardOptions, io: CliIo): Promise<number> {
  const filter = filterOf(options, io);
  let told = 0;
  const emit = (pieces: readonly Uint8Array[]) => {
    for (const piece of pieces) io.stdout(piece);
    const { findings } = filter.verdict();
    for (; told < findings.length; told += 1) io.stderr(`${JSON.stringify(findings[told])}\n`);
  };
  let quiet: NodeJS.Timeout | undefined;
  try {
    for await (const chunk of io.stdin) {
      clearTimeout(quiet);
      emit(filter.push(chunk));
      if (filter.blocked) return EXIT.failed;
      quiet = setTimeout(() => emit(filter.idle()), IDLE_MS);
    }
  } finally {
    clearTimeout(quiet);
  }
  if (!filter.blocked) emit(filter.end());
  return filter.verdict().action === 'block' ? EXIT.failed : EXIT.done;
}

function filterOf(options: GuardOptions, io: CliIo): BodyFilter {
  const { direction, tool } = options;
  if (direction !== 'result' && direction !== 'request') {
    throw new CliFailure(EXIT.usage, '`--direction` is `result` or `request`');
  }
  const { bundle } = must(loadPolicy(rootsOf(configOf(options, io))));
  const name = options.profile ?? bundle.classes.byName.get(bundle.classes.fallback)?.profile ?? '';
  const profile = bundle.profiles.get(name);
  if (!profile) {
    throw new CliFailure(EXIT.usage, `no profile \`${name}\`; there are ${[...bundle.profiles.keys()].join(', ')}`);
  }
  const guard = createGuard({ rules: rulesOf(options, io), fingerprintKey: randomBytes(32), maxFindings: 100_000 });
  const nobody = { tenant: '', task: '', host: '' };
  const content = { contentType: options.contentType, contentEncoding: '' };
  return guard.filter({
    direction,
    settings: profile.guard,
    ...nobody,
    ...content,
    sniff: true,
    ...(tool === undefined ? {} : { tool }),
  });
}
