/** `locktender guard`: filters stdin to stdout as the gate would; findings to stderr. */

import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { loadPolicy, rootsOf } from '../control/load-revision.ts';
import type { BodyStream } from '../guard/body-filter.ts';
import { createGuard } from '../guard/guard.ts';
import { QUIET_MS, STEADY_MS } from '../guard/quiet-end.ts';
import { openGoogle } from '../guard/second-stage/open-google.ts';
import type { SecondStage } from '../guard/second-stage/second-stage.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, must } from './context.ts';
import { rulesOf } from './dlp.ts';
import { configOf } from './given-config.ts';
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
  const filter = await filterOf(options, io);
  let told = 0;
  const emit = (pieces: readonly Uint8Array[]) => {
    for (const piece of pieces) io.stdout(piece);
    const { findings } = filter.verdict();
    for (; told < findings.length; told += 1) io.stderr(`${JSON.stringify(findings[told])}\n`);
  };
  let quiet: NodeJS.Timeout | undefined;
  let heldSince = performance.now();
  /** A flush that is under way: the filter does one thing at a time. */
  let flushed: Promise<void> = Promise.resolve();
  const flush = () => {
    flushed = Promise.resolve(filter.idle()).then(emit);
    // Whoever waits for it is told.
    flushed.catch(() => undefined);
  };
  try {
    for await (const chunk of io.stdin) {
      clearTimeout(quiet);
      await flushed;
      const out = await filter.push(chunk);
      emit(out);
      if (filter.blocked) return EXIT.failed;
      // A stream that goes on without a pause is let go on all the same.
      const isSteady = out.length === 0 && performance.now() - heldSince >= STEADY_MS;
      if (isSteady) flush();
      await flushed;
      if (isSteady || out.length > 0) heldSince = performance.now();
      quiet = setTimeout(flush, QUIET_MS);
    }
  } finally {
    clearTimeout(quiet);
  }
  await flushed;
  if (!filter.blocked) emit(await filter.end());
  return filter.verdict().action === 'block' ? EXIT.failed : EXIT.done;
}

/** Throws where the configuration wants a second stage that cannot be had. */
async function secondStageOf(options: GuardOptions, io: CliIo): Promise<SecondStage | null> {
  const keys = configOf(options, io).guard.second_stage;
  if (!keys) return null;
  return await openGoogle({ keys, now: () => Date.now(), note: () => undefined }).catch((error: unknown) => {
    throw new CliFailure(EXIT.usage, error instanceof Error ? error.message : 'the second stage cannot start');
  });
}

async function filterOf(options: GuardOptions, io: CliIo): Promise<BodyStream> {
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
  const inquiry = await secondStageOf(options, io);
  const guard = createGuard({
    ...{ rules: rulesOf(options, io), fingerprintKey: randomBytes(32), maxFindings: 100_000 },
    ...(inquiry && { inquiry }),
  });
  const nobody = { tenant: '', task: '', host: '' };
  const content = { contentType: options.contentType, contentEncoding: '' };
  return guard.stream({
    direction,
    settings: profile.guard,
    ...nobody,
    ...content,
    sniff: true,
    ...(tool === undefined ? {} : { tool }),
  });
}
