/** `locktender run -- CMD…`: a command whose only way out is the egress gate. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { sandboxEnvironment } from '../sandbox/environment.ts';
import { credentialsOf, PassKeeper } from '../sandbox/pass-keeper.ts';
import { BRIDGE_PORT, runUnwalled, runWalled } from '../sandbox/walled-command.ts';
import type { AdminClient } from './admin-client.ts';
import { withAppliance } from './brief-appliance.ts';
import { CliFailure, type CliIo, EXIT } from './context.ts';
import { type CliParts, leaf } from './leaf.ts';
import { accessOf, type IssuedPass, issuePass } from './pass.ts';

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
        .option('--ttl <duration>', 'life of the pass; the next one is got before it ends')
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

/** Stands where the token would in the variables of a walled command: the relay outside puts the pass in its place. */
const HELD_OUTSIDE = 'held-outside';

async function runFor(client: AdminClient, run: Run): Promise<number> {
  const issued = await issuePass(client, run.options);
  const dir = mkdtempSync(join(tmpdir(), 'locktender-trust-'));
  try {
    return await (run.options.unwalled ? unwalled : walled)(client, run, { issued, dir });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Prepared {
  readonly issued: IssuedPass;
  /** For the CA files. */
  readonly dir: string;
}

async function unwalled(client: AdminClient, { command, io }: Run, { issued, dir }: Prepared): Promise<number> {
  const access = await accessOf(client, issued.proxy_url, dir);
  io.stderr('locktender run: no wall: only clients that follow the proxy variables go through the gate\n');
  return runUnwalled({ command, environment: { ...io.env, ...sandboxEnvironment(access) } });
}

async function walled(client: AdminClient, { command, options, io }: Run, { issued, dir }: Prepared): Promise<number> {
  const [host = '127.0.0.1', port = '3128'] = client.doors.proxy.split(/:(?=[0-9]+$)/);
  const access = await accessOf(client, `http://${issued.task}:${HELD_OUTSIDE}@127.0.0.1:${BRIDGE_PORT}`, dir);
  let first: IssuedPass | null = issued;
  const keeper = await PassKeeper.start({
    issue: async () => {
      const pass = first ?? (await issuePass(client, { ...options, task: issued.task }));
      first = null;
      return { credentials: credentialsOf(pass.proxy_url), expiresAt: pass.expires_at };
    },
    now: Date.now,
    report: (cause) => io.stderr(`locktender run: the pass could not be renewed: ${cause}\n`),
  });
  try {
    const ran = await runWalled({
      command,
      environment: { ...io.env, ...sandboxEnvironment(access) },
      gate: { host: host.replace(/^\[|\]$/g, ''), port: Number(port) },
      credentials: () => keeper.credentials(),
      hide: [client.state],
      readOnly: options.readOnly === true,
    });
    if (!ran.ok) throw new CliFailure(EXIT.internal, `${ran.error}; \`--unwalled\` runs it with the variables alone`);
    return ran.value;
  } finally {
    keeper.stop();
  }
}
