/** `locktender policy replay` and `policy reload`: policy of a running appliance. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { adminClient } from './admin-client.ts';
import { CliFailure, EXIT } from './context.ts';
import { type CliParts, durationMs, leaf } from './leaf.ts';
import { printJson, printTable } from './print.ts';

export function addReplay(policy: Command, parts: CliParts): void {
  leaf<{ since: string; bundle?: string; maxDifferences?: string }>(policy, 'replay', parts, {
    summary: 'decides recorded decisions again: under the bundle of then, or under a candidate',
    declare: (command) => {
      command
        .option('--since <duration>', 'how far back', '30d')
        .option('--bundle <dir>', 'rules directory of a candidate')
        .option('--max-differences <n>', 'exit 1 when the candidate would change more than so many decisions');
    },
    run: async (_, options, { io }) => {
      const sinceMs = durationMs(options.since) ?? 0;
      if (sinceMs < 1000)
        throw new CliFailure(EXIT.usage, `\`${options.since}\` is not a duration; write for example \`30d\``);
      const most = options.maxDifferences;
      if (most !== undefined && !/^[0-9]{1,9}$/.test(most))
        throw new CliFailure(EXIT.usage, `\`${most}\` is not a number of decisions; write for example \`0\``);
      const bundle = options.bundle === undefined ? null : resolve(io.cwd, options.bundle);
      const answer = await adminClient(options, io).call('policyReplay', { body: { since_ms: sinceMs, bundle } });
      if (options.json) printJson(io, answer);
      else {
        io.stdout(`${answer.decisions} decisions, ${answer.differences} differences\n`);
        const rows = answer.groups.map((g) => [g.count, g.before, g.after, g.host, g.example]);
        if (rows.length > 0) printTable(io, ['COUNT', 'BEFORE', 'AFTER', 'HOST', 'EXAMPLE'], rows);
      }
      // Under the bundle of then nothing may differ; a candidate is meant to, as far as was said.
      const allowed = bundle === null ? 0 : most === undefined ? Number.POSITIVE_INFINITY : Number(most);
      return answer.differences > allowed ? EXIT.failed : EXIT.done;
    },
  });
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
