/** `locktender policy reload`: policy of a running appliance. */

import type { Command } from 'commander';
import { adminClient } from './admin-client.ts';
import { EXIT } from './context.ts';
import { type CliParts, leaf } from './leaf.ts';
import { printJson } from './print.ts';

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
