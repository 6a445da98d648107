/** `locktender policy learn`: what would have sufficed for the recorded traffic, as a diff to review. */

import type { Command } from 'commander';
import { loadPolicy, rootsOf } from '../control/load-revision.ts';
import { Learner, type Proposal } from '../policy/trials/learn.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, must } from './context.ts';
import { configOf } from './given-config.ts';
import { type CliParts, durationMs, leaf } from './leaf.ts';
import { printJson } from './print.ts';
import { hasLog, recordedDecisions } from './recorded-events.ts';

interface LearnOptions extends CommonOptions {
  readonly since: string;
  readonly tenant?: string;
  readonly class?: string;
}

export function addLearn(policy: Command, parts: CliParts): void {
  leaf<LearnOptions>(policy, 'learn', parts, {
    summary: 'the least capabilities and domains that would have sufficed, per tenant and class, as a diff to review',
    declare: (command) => {
      command
        .option('--since <duration>', 'how far back', '30d')
        .option('--tenant <name>', 'only this tenant')
        .option('--class <name>', 'only this class');
    },
    run: async (_, options, { io }) => run(options, io),
  });
}

function run(options: LearnOptions, io: CliIo): void {
  const config = configOf(options, io);
  const back = durationMs(options.since);
  if (back === null)
    throw new CliFailure(EXIT.usage, `\`${options.since}\` is not a duration; write for example \`30d\``);
  if (!hasLog(config.state)) {
    throw new CliFailure(
      EXIT.usage,
      `there is no record in \`${config.state}\`; name its state directory with --state`,
    );
  }
  const learner = new Learner();
  for (const { event } of recordedDecisions(config.state, Date.now() - back)) learner.see(event);
  const { bundle } = must(loadPolicy(rootsOf(config)));
  const wanted = (value: string, only: string | undefined) => only === undefined || only === value;
  const proposals = learner
    .proposals(bundle)
    .filter((p) => wanted(p.tenant, options.tenant) && wanted(p.class, options.class));
  if (options.json) {
    printJson(io, { proposals });
    return;
  }
  if (proposals.length === 0) io.stdout('# nothing to propose: no decision of that time names a tenant and class\n');
  for (const proposal of proposals) io.stdout(patchOf(proposal));
}

/** Comments, then new files as a unified diff: `patch -p1` in the rules directory takes it. */
function patchOf({ tenant, class: name, profile, requests, unused, denied, files }: Proposal): string {
  const lines = [
    `# tenant ${tenant}, class ${name}, profile ${profile}: ${requests} allowed requests`,
    ...(unused.length > 0 ? [`# not needed: ${unused.join(' ')}`] : []),
    ...denied.map((row) => `# denied ${row.requests} times, not proposed: ${row.method} ${row.host}`),
  ];
  const patches = files.map(({ path, text }) => {
    const added = text.trimEnd().split('\n');
    return `--- /dev/null\n+++ b/${path}\n@@ -0,0 +1,${added.length} @@\n${added.map((line) => `+${line}`).join('\n')}`;
  });
  return `${[...lines, ...patches].join('\n')}\n`;
}
