/** `locktender serve`, `tour`, `status` and `doctor`. */

import type { Command } from 'commander';
import { probeToolchain } from '../sandbox/probe-toolchain.ts';
import { TOOLCHAINS } from '../sandbox/toolchains.ts';
import { wallProblem } from '../sandbox/walled-command.ts';
import { type AdminClient, adminClient } from './admin-client.ts';
import { withAppliance } from './brief-appliance.ts';
import { CliFailure, type CliIo, configOf, EXIT } from './context.ts';
import { type CliParts, leaf } from './leaf.ts';
import { accessOf, issuePass } from './pass.ts';
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
  leaf<{ origin?: string; tenant: string; class?: string }>(program, 'doctor', parts, {
    summary: 'checks the machine, the appliance and each client toolchain found by a real request',
    declare: (command) => {
      command
        .option('--origin <url>', 'where the toolchains ask; default: the demonstration origin')
        .option('--tenant <name>', 'tenant of the probes', 'doctor')
        .option('--class <name>', 'request class of the probes');
    },
    run: async (_, options, context) => {
      const { io } = context;
      configOf(options, io);
      const machine = machineChecks();
      const checks = [...machine, ...(await withAppliance(options, context, (c) => toolChecks(c, options), true))];
      const failed = checks.filter((c) => c.outcome === 'fails');
      if (options.json) printJson(io, { ok: failed.length === 0, checks });
      else printChecks(io, checks);
      return failed.length === 0 ? EXIT.done : EXIT.failed;
    },
  });
}

const NO_ORIGIN: Check = {
  name: 'toolchains',
  outcome: 'fails',
  said: 'not tried: this appliance has no demonstration origin',
  fix: 'name one that the policy allows with --origin, or stop the appliance and run `locktender doctor` alone',
};

interface Check {
  readonly name: string;
  readonly outcome: 'works' | 'fails' | 'not found';
  readonly said: string | null;
  readonly fix: string | null;
}

function machineChecks(): Check[] {
  const major = Number(process.versions.node.split('.')[0]);
  const wall = wallProblem();
  return [
    {
      name: 'node',
      outcome: major >= 24 ? 'works' : 'fails',
      said: process.version,
      fix: major >= 24 ? null : 'run scripts/setup.sh',
    },
    { name: 'bubblewrap wall', outcome: wall === null ? 'works' : 'fails', said: wall, fix: wall },
  ];
}

async function toolChecks(
  client: AdminClient,
  options: { origin?: string; tenant: string; class?: string },
): Promise<Check[]> {
  const status = await client.call('status');
  if (!status.ready)
    return [{ name: 'appliance', outcome: 'fails', said: 'not ready', fix: 'see `locktender status`' }];
  const works: Check = { name: 'appliance', outcome: 'works', said: status.version, fix: null };
  const origin = options.origin ?? client.doors.demo;
  if (origin === null) return [works, NO_ORIGIN];
  const issued = await issuePass(client, {
    tenant: options.tenant,
    ...(options.class === undefined ? {} : { class: options.class }),
  });
  const access = await accessOf(client, issued.proxy_url);
  const checks: Check[] = [works];
  for (const tool of TOOLCHAINS) checks.push(await probeToolchain(tool, { origin, access }));
  return checks;
}

function printChecks(io: CliIo, checks: readonly Check[]): void {
  for (const { name, outcome, said, fix } of checks) {
    io.stdout(`${outcome.padEnd(9)}  ${name}${said === null ? '' : `: ${said}`}\n`);
    if (outcome === 'fails' && fix !== null) io.stdout(`           fix: ${fix}\n`);
  }
}
