/** `locktender policy replay` and `policy reload`: policy of a running appliance. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { adminClient } from './admin-client.ts';
import { CliFailure, EXIT } from './context.ts';
import { type CliParts, durationMs, leaf } from './leaf.ts';
import { printJson, printTable } from './print.ts';

export function addReplay(policy: Command, parts: CliParts): void {
  leaf<ReplayOptions>(policy, 'replay', parts, {
    summary: 'decides recorded decisions again: under the bundle of then, or under a candidate',
    declare: (command) => {
      command
        .option('--since <duration>', 'how far back', '30d')
        .option('--bundle <dir>', 'rules directory of a candidate')
        .option(
          '--controls <action=name...>',
          'supposed on top of those of then, for example `category.block=gambling`',
        )
        .option('--max-differences <n>', 'exit 1 when the candidate would change more than so many decisions');
    },
    run: async (_, options, { io }) => {
      const { bundle } = options;
      const controls = [...(options.controls ?? [])];
      const dir = bundle === undefined ? null : resolve(io.cwd, bundle);
      const body = { since_ms: sinceMsOf(options), bundle: dir, controls };
      const allowed = differencesAllowed(options);
      const answer = await adminClient(options, io).call('policyReplay', { body });
      if (options.json) printJson(io, answer);
      else {
        io.stdout(`${answer.decisions} decisions, ${answer.differences} differences\n`);
        const rows = answer.groups.map((g) => [g.count, g.before, g.after, g.tenant, g.profile, g.host, g.example]);
        if (rows.length > 0) printTable(io, ['COUNT', 'BEFORE', 'AFTER', 'TENANT', 'PROFILE', 'HOST', 'EXAMPLE'], rows);
      }
      return answer.differences > allowed ? EXIT.failed : EXIT.done;
    },
  });
}

interface ReplayOptions {
  readonly since: string;
  readonly bundle?: string;
  readonly controls?: readonly string[];
  readonly maxDifferences?: string;
}

function sinceMsOf({ since }: ReplayOptions): number {
  const ms = durationMs(since) ?? 0;
  if (ms >= 1000) return ms;
  throw new CliFailure(EXIT.usage, `\`${since}\` is not a duration; write for example \`30d\``);
}

/** Under the bundle of then nothing may differ; a candidate is meant to, as far as was said. */
function differencesAllowed({ bundle, controls, maxDifferences: most }: ReplayOptions): number {
  if (most === undefined) return bundle === undefined && controls === undefined ? 0 : Number.POSITIVE_INFINITY;
  if (/^[0-9]{1,9}$/.test(most)) return Number(most);
  throw new CliFailure(EXIT.usage, `\`${most}\` is not a number of decisions; write for example \`0\``);
}

export function addReload(policy: Command, parts: CliParts): void {
  leaf<{ why?: string }>(policy, 'reload', parts, {
    summary: 'makes the appliance read its policy files again; a refused edit leaves the running one in force',
    declare: (command) => void command.option('--why <text>', 'reason, kept in the record', 'by hand'),
    run: async (_, options, { io }) => {
      const answer = await adminClient(options, io).call('policyReload', { body: { why: options.why ?? 'by hand' } });
      if (options.json) printJson(io, answer);
      else {
        for (const p of answer.problems) io.stderr(`${p.file}:${p.line}:${p.column}: ${p.message}\n`);
        io.stdout(`${answer.loaded ? 'loaded' : 'refused; still in force:'} ${answer.digest}\n`);
      }
      return answer.loaded ? EXIT.done : EXIT.failed;
    },
  });
}
