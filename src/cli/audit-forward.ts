/** `locktender audit forward status`: how far each receiver of the record has got. */

import type { Command } from 'commander';
import { adminClient } from './admin-client.ts';
import { type CliParts, group, leaf } from './leaf.ts';
import { printJson } from './print.ts';

export function addForward(audit: Command, parts: CliParts): void {
  const forward = group(audit, 'forward', 'receivers that the record is forwarded to');
  leaf(forward, 'status', parts, {
    summary: 'how far each receiver has got, and what went wrong last',
    run: async (_, options, { io }) => {
      const answer = await adminClient(options, io).call('auditForward');
      if (options.json) return printJson(io, answer);
      if (answer.receivers.length === 0) io.stdout('no receiver is configured; see `audit.forward`\n');
      for (const {
        name,
        to,
        state,
        next,
        lag_entries: behind,
        lag_seconds: lag,
        lost,
        last_failure,
      } of answer.receivers) {
        const gone = lost > 0 ? `, ${lost} lost` : '';
        io.stdout(`${name} ${to} ${state}: next ${next}, ${behind} behind (${Math.round(lag)} s)${gone}\n`);
        if (last_failure !== null) io.stdout(`  failed ${last_failure.time}: ${last_failure.message}\n`);
      }
    },
  });
}
