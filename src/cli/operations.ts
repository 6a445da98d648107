/** `locktender serve`, `tour` and `status`. */

import type { Command } from 'commander';
import { adminClient } from './admin-client.ts';
import { CliFailure, EXIT } from './context.ts';
import { configOf } from './given-config.ts';
import { type CliParts, leaf } from './leaf.ts';
import { printJson } from './print.ts';

export function addServe(program: Command, parts: CliParts): void {
  leaf<{ demo?: boolean; demoPort: string }>(program, 'serve', parts, {
    summary: 'the appliance: egress gate, guard, isolate pool, gateway, admin API',
    declare: (command) => {
      command
        .option('--demo', 'adds loopback origins and a policy for them, to try things out')
        .option('--demo-port <port>', 'where the loopback origins listen', '8443');
    },
    run: (_, options, { io, appliance }) => {
      const demoPort = Number(options.demoPort);
      if (!/^[0-9]{1,5}$/.test(options.demoPort) || demoPort > 65_535) {
        throw new CliFailure(EXIT.usage, `\`${options.demoPort}\` is not a port; give one from 0 to 65535`);
      }
      return appliance.serve({ config: configOf(options, io), demo: options.demo === true, demoPort }, io);
    },
  });
  leaf(program, 'tour', parts, {
    summary: 'walks through the product on real loopback traffic; ends 0 only if each step was observed',
    run: (_, options, { io, appliance }) => appliance.tour({ json: options.json === true }, io),
  });
}

export function addOperations(program: Command, parts: CliParts): void {
  leaf(program, 'status', parts, {
    summary: 'the appliance in one look; exit 1 when it is not ready',
    run: async (_, options, { io }) => {
      const answer = await adminClient(options, io).call('status');
      if (options.json) printJson(io, answer);
      else {
        const { doors, ...rest } = answer;
        const shown = { ...rest, started_at: new Date(rest.started_at).toISOString() };
        for (const [key, value] of Object.entries(shown)) io.stdout(`${key}: ${value}\n`);
        for (const door of doors) io.stdout(`door: ${door.name} ${door.address}\n`);
      }
      return answer.ready ? EXIT.done : EXIT.failed;
    },
  });
}
