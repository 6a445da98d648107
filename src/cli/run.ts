/** `locktender run -- CMD…`: a command whose only way out is the egress gate. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { sandboxEnvironment } from '../sandbox/environment.ts';
import { BRIDGE_PORT, runUnwalled, runWalled } from '../sandbox/walled-command.ts';
import type { AdminClient } from './admin-client.ts';
import { withAppliance } from './brief-appliance.ts';
import { CliFailure, type CliIo, EXIT } from './context.ts';
import { type CliParts, leaf } from './leaf.ts';
import { accessOf, issuePass } from './pass.ts';

interface RunOptions {
  readonly tenant: string;
  readonly class?: string;
  readonly profile?: string;
  readonly ttl?: string;
  readonly readOnly?: boolean;
  readonly unwalled?: boolean;
}

export function addRun(program: Command, parts: CliParts): void {
  leaf<RunOptions>(program, 'run', parts, {
    summary: 'runs a command whose only way out is the egress gate; its exit code is the command’s',
    declare: (command) => {
      command
        .argument('<command...>', 'after `--`')
        .passThroughOptions()
        .option('--tenant <name>', 'tenant of the task', 'dev')
        .option('--class <name>', 'request class')
        .option('--profile <name>', 'sandbox profile')
        .option('--ttl <duration>', 'life of the pass; afterwards the command reaches nothing')
        .option('--read-only', 'files are read-only, but for the working directory and the temporary one')
        .option('--unwalled', 'runs it without the wall too: what ignores the variables has another way out');
    },
    // Where no appliance runs, one is started for as long as the command lives.
    run: (command, options, context) =>
      withAppliance(options, context, (client) => runFor(client, { command, options, io: context.io })),
  });
}

interface Run {
  readonly command: readonly string[];
  readonly options: RunOptions;
  readonly io: CliIo;
}

async function runFor(client: AdminClient, { command, options, io }: Run): Promise<number> {
  const issued = await issuePass(client, options);
  const [host = '127.0.0.1', port = '3128'] = client.doors.proxy.split(/:(?=[0-9]+$)/);
  const dir = mkdtempSync(join(tmpdir(), 'locktender-trust-'));
  try {
    const walled = options.unwalled !== true;
    const proxyUrl = walled ? issued.proxy_url.replace(/@.*$/, `@127.0.0.1:${BRIDGE_PORT}`) : issued.proxy_url;
    const access = await accessOf(client, proxyUrl, dir);
    const order = { command, environment: { ...io.env, ...sandboxEnvironment(access) } };
    if (!walled) {
      io.stderr('locktender run: no wall: only clients that follow the proxy variables go through the gate\n');
      return await runUnwalled(order);
    }
    const ran = await runWalled({
      ...order,
      gate: { host: host.replace(/^\[|\]$/g, ''), port: Number(port) },
      hide: [client.state],
      readOnly: options.readOnly === true,
    });
    if (!ran.ok) throw new CliFailure(EXIT.internal, `${ran.error}; \`--unwalled\` runs it with the variables alone`);
    return ran.value;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
