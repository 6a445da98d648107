/** `locktender run -- CMD…`: a command whose only way out is the egress gate. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { sandboxEnvironment } from '../sandbox/environment.ts';
import { BRIDGE_PORT, runWalled } from '../sandbox/walled-command.ts';
import { adminClient } from './admin-client.ts';
import { CliFailure, EXIT } from './context.ts';
import { type CliParts, leaf } from './leaf.ts';
import { accessOf, issuePass } from './pass.ts';

interface RunOptions {
  readonly tenant: string;
  readonly class?: string;
  readonly profile?: string;
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
        .option('--profile <name>', 'sandbox profile');
    },
    run: async (command, options, { io }) => {
      const client = adminClient(options, io);
      const issued = await issuePass(client, options);
      const [host = '127.0.0.1', port = '3128'] = client.doors.proxy.split(/:(?=[0-9]+$)/);
      const dir = mkdtempSync(join(tmpdir(), 'locktender-trust-'));
      try {
        const proxyUrl = issued.proxy_url.replace(/@.*$/, `@127.0.0.1:${BRIDGE_PORT}`);
        const access = await accessOf(client, proxyUrl, dir);
        const ran = await runWalled({
          command,
          environment: { ...io.env, ...sandboxEnvironment(access) },
          gate: { host: host.replace(/^\[|\]$/g, ''), port: Number(port) },
          hide: [client.state],
        });
        if (!ran.ok) throw new CliFailure(EXIT.internal, ran.error);
        return ran.value;
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  });
}
