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

async function filterStdin(options: GuardOptions, io: CliIo): Promise<number> {
  const filter = filterOf(options, io);
  for await (const chunk of io.stdin) {
    for (const out of filter.push(chunk)) io.stdout(out);
    if (filter.blocked) break;
  }
  if (!filter.blocked) for (const out of filter.end()) io.stdout(out);
  for (const finding of filter.verdict().findings) io.stderr(`${JSON.stringify(finding)}\n`);
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
    ...(tool === undefined ? {} : { tool }),
  });
}
