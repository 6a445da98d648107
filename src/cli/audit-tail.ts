/** `locktender audit tail`: follows the record. A stream that ends is taken up where it ended, so that none is passed over. */

import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { type AdminClient, adminClient } from './admin-client.ts';
import { CliFailure, type CliIo, EXIT } from './context.ts';
import { type CliParts, leaf } from './leaf.ts';
import { printJson } from './print.ts';

const AGAIN_MS = 1000;

export function addTail(audit: Command, parts: CliParts): void {
  leaf<{ after?: string }>(audit, 'tail', parts, {
    summary: 'every event as it is recorded, as JSON Lines, until interrupted; exit 3 when the appliance is gone',
    declare: (command) => void command.option('--after <seq>', 'begins with the entry after this one; default: now'),
    run: async (_, options, { io }) => follow(adminClient(options, io), options.after ?? null, io),
  });
}

async function follow(client: AdminClient, from: string | null, io: CliIo): Promise<never> {
  let after = from ?? String((await client.call('auditCheckpoint')).size - 1);
  for (;;) {
    const before = after;
    try {
      for await (const event of client.events('auditTail', { after })) {
        printJson(io, event);
        after = String((event as { readonly seq: number }).seq);
      }
    } catch (error) {
      if (!(error instanceof CliFailure && error.exit === EXIT.unreachable)) throw error;
      if (before === after) throw new CliFailure(EXIT.unreachable, `${error.message}; go on with \`--after ${after}\``);
    }
    // Ended for a reader that was too slow: what it missed is in the log.
    if (before === after) await setTimeout(AGAIN_MS);
  }
}
