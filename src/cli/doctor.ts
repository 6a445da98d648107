/** `locktender doctor`: the machine, the appliance, this shell, and each client toolchain by a real request. */

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { systemBundle } from '../sandbox/ca-bundle.ts';
import { sandboxEnvironment } from '../sandbox/environment.ts';
import { probeToolchain } from '../sandbox/probe-toolchain.ts';
import { checkShell, passOfShell } from '../sandbox/shell-check.ts';
import { TOOLCHAINS, type Toolchain } from '../sandbox/toolchains.ts';
import { wallProblem } from '../sandbox/walled-command.ts';
import type { AdminClient } from './admin-client.ts';
import { withAppliance } from './brief-appliance.ts';
import { type CliContext, CliFailure, type CliIo, EXIT } from './context.ts';
import { configOf } from './given-config.ts';
import { type CliParts, leaf } from './leaf.ts';
import { accessOf, issuePass } from './pass.ts';
import { printJson } from './print.ts';

interface DoctorOptions {
  readonly origin?: string;
  readonly tenant: string;
  readonly class?: string;
  readonly only?: string;
}

interface Check {
  readonly name: string;
  readonly outcome: 'works' | 'fails' | 'not found';
  readonly said: string | null;
  readonly fix: string | null;
}

export function addDoctor(program: Command, parts: CliParts): void {
  leaf<DoctorOptions>(program, 'doctor', parts, {
    summary: 'checks the machine, the appliance, this shell and each client toolchain found by a real request',
    declare: (command) => {
      command
        .option('--origin <url>', 'where the toolchains ask; default: the demonstration origin')
        .option('--tenant <name>', 'tenant of the probes', 'doctor')
        .option('--class <name>', 'request class of the probes')
        .option('--only <names>', 'toolchains to try, with commas between');
    },
    run: async (_, options, context) => {
      const { io } = context;
      configOf(options, io);
      const tools = toolsNamed(options.only);
      const order = { options, tools, io, origin: originOf(options.origin) };
      const examined = await withAppliance(options, context, (client) => examine(client, order), true);
      const checks = [...machineChecks(), ...isolateChecks(await context.appliance.isolateWalls()), ...examined];
      const failed = checks.filter((c) => c.outcome === 'fails');
      if (options.json) printJson(io, { ok: failed.length === 0, checks });
      else printChecks(io, checks);
      return failed.length === 0 ? EXIT.done : EXIT.failed;
    },
  });
}

function toolsNamed(only: string | undefined): readonly Toolchain[] {
  if (only === undefined) return TOOLCHAINS;
  return only.split(',').map((given) => {
    const tool = TOOLCHAINS.find(({ name }) => name === given.trim());
    if (tool) return tool;
    const known = TOOLCHAINS.map(({ name }) => name).join(', ');
    throw new CliFailure(EXIT.usage, `\`${given}\` is not a toolchain that doctor knows; known are ${known}`);
  });
}

/** As the toolchains take it, without a slash at its end; null where none was named. */
function originOf(given: string | undefined): string | null {
  if (given === undefined) return null;
  const url = URL.parse(given);
  if (url !== null && /^https?:$/.test(url.protocol) && given.replace(/\/$/, '') === url.origin) return url.origin;
  throw new CliFailure(EXIT.usage, `\`${given}\` is not an origin; write for example https://example.com`);
}

const NO_ORIGIN: Check = {
  name: 'toolchains',
  outcome: 'fails',
  said: 'not tried: this appliance has no demonstration origin',
  fix: 'name one that the policy allows with --origin, or stop the appliance and run `locktender doctor` alone',
};

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

/** A weaker wall is no failure of its own: `isolates.wall` says which one must stand. */
function isolateChecks({ wall, memory }: Awaited<ReturnType<CliContext['appliance']['isolateWalls']>>): Check[] {
  const weak = wall === 'bubblewrap' ? null : 'install bubblewrap, and let it make user namespaces';
  const held =
    memory === 'cgroup'
      ? 'cgroup: the kernel bounds the memory of a host, behind the look at it every 10 ms'
      : 'watchdog: a look every 10 ms and the bound on private memory; no cgroup can be written here';
  return [
    { name: 'isolate wall', outcome: 'works', said: wall, fix: weak },
    { name: 'isolate memory wall', outcome: 'works', said: held, fix: null },
  ];
}

interface Examination {
  readonly options: DoctorOptions;
  readonly tools: readonly Toolchain[];
  readonly io: CliIo;
  readonly origin: string | null;
}

async function examine(client: AdminClient, { options, tools, io, origin: named }: Examination): Promise<Check[]> {
  const status = await client.call('status');
  if (!status.ready)
    return [{ name: 'appliance', outcome: 'fails', said: 'not ready', fix: 'see `locktender status`' }];
  const works: Check = { name: 'appliance', outcome: 'works', said: status.version, fix: null };
  const origin = named ?? client.doors.demo;
  const shell = await shellChecks(client, io, origin);
  if (origin === null) return [works, ...(shell ?? []), NO_ORIGIN];
  const issued = await issuePass(client, {
    tenant: options.tenant,
    ...(options.class === undefined ? {} : { class: options.class }),
  });
  const access = await accessOf(client, issued.proxy_url);
  // A shell that uses this gate is tried as it stands; any other, as `run` would set it up.
  const environment = { ...io.env, ...(shell === null ? sandboxEnvironment(access) : {}) };
  const checks: Check[] = [works, ...(shell ?? [])];
  for (const tool of tools) checks.push(await probeToolchain(tool, { origin, access, environment }));
  return checks;
}

/** Null for a shell that was not set up for this gate. */
async function shellChecks(client: AdminClient, io: CliIo, origin: string | null): Promise<Check[] | null> {
  const token = passOfShell(io.env, client.doors.proxy);
  if (token === null) return null;
  const checks: Check[] = [token === '' ? NO_PASS : await passCheck(client, token)];
  const findings = checkShell(io.env, {
    gate: client.doors.proxy,
    host: URL.parse(origin ?? '')?.hostname ?? 'docs.demo.test',
    ownCaPem: await client.text('caCertificate'),
    systemPem: systemBundle(),
    read: textOrNull,
  });
  for (const finding of findings) checks.push({ ...finding, outcome: 'fails' });
  return checks;
}

const NEW_PASS = 'issue a new one: `eval "$(locktender pass issue --tenant <tenant> --env)"`';
const NO_PASS: Check = { name: 'shell: pass', outcome: 'fails', said: 'HTTPS_PROXY carries no pass', fix: NEW_PASS };

async function passCheck(client: AdminClient, token: string): Promise<Check> {
  const { valid, problem } = await client.call('passInspect', { body: { token } });
  return { name: 'shell: pass', outcome: valid ? 'works' : 'fails', said: problem, fix: valid ? null : NEW_PASS };
}

function textOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function printChecks(io: CliIo, checks: readonly Check[]): void {
  for (const { name, outcome, said, fix } of checks) {
    io.stdout(`${outcome.padEnd(9)}  ${name}${said === null ? '' : `: ${said}`}\n`);
    if (outcome === 'fails' && fix !== null) io.stdout(`           fix: ${fix}\n`);
  }
}
