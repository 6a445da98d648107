/** `locktender capability …`, `tenant …`, `task …` and `host …` */

import type { Command } from 'commander';
import { didYouMean } from '../core/nearest.ts';
import { adminClient } from './admin-client.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT } from './context.ts';
import { change } from './controls.ts';
import { capabilitiesOfFiles, onlyFiles } from './from-files.ts';
import { type CliParts, group, leaf } from './leaf.ts';
import { instant, plain, printJson, printTable } from './print.ts';

export function addCapability(program: Command, parts: CliParts): void {
  const capability = group(program, 'capability', 'named rights: list, show, revoke, restore');
  leaf(capability, 'list', parts, {
    summary: 'every capability, and whether it is revoked',
    run: async (_, options, { io }) => {
      const answer = onlyFiles(options, io)
        ? capabilitiesOfFiles(options, io)
        : await adminClient(options, io).call('capabilityList');
      if (options.json) return printJson(io, answer);
      const rows = answer.capabilities.map((c) => [
        c.name,
        c.risk,
        c.version,
        c.revoked ? 'revoked' : 'held',
        c.profiles,
        c.owner,
      ]);
      printTable(io, ['CAPABILITY', 'RISK', 'VERSION', 'STATE', 'PROFILES', 'OWNER'], rows);
    },
  });
  leaf(capability, 'show', parts, {
    summary: 'one capability',
    declare: (command) => void command.argument('<name>'),
    run: async ([name = ''], options, { io }) => {
      const answer = onlyFiles(options, io)
        ? capabilityOfFiles(name, options, io)
        : await adminClient(options, io).call('capabilityShow', { params: { name } });
      if (options.json) return printJson(io, answer);
      for (const [key, value] of Object.entries(answer)) io.stdout(`${key}: ${textOf(value)}\n`);
    },
  });
  change(capability, 'revoke', parts, {
    summary: 'revokes a capability everywhere and cuts what depends on it',
    argument: 'name',
    returns: true,
    call: (client, name, body) => client.call('capabilityRevoke', { params: { name }, body }),
  });
  change(capability, 'restore', parts, {
    summary: 'restores a revoked capability',
    argument: 'name',
    call: (client, name, body) => client.call('capabilityRestore', { params: { name }, body }),
  });
}

function capabilityOfFiles(name: string, options: CommonOptions, io: CliIo) {
  const { capabilities } = capabilitiesOfFiles(options, io);
  const found = capabilities.find((capability) => capability.name === name);
  if (found) return found;
  const names = capabilities.map((capability) => capability.name);
  throw new CliFailure(EXIT.usage, `no file defines \`${name}\`; ${didYouMean(name, names)}`);
}

export function addTenant(program: Command, parts: CliParts): void {
  const tenant = group(program, 'tenant', 'tenants: list, quarantine, release');
  leaf(tenant, 'list', parts, {
    summary: 'tenants seen or quarantined',
    run: async (_, options, { io }) => {
      const answer = await adminClient(options, io).call('tenantList');
      if (options.json) return printJson(io, answer);
      const rows = answer.tenants.map((t) => [
        t.name,
        t.tasks,
        t.flows,
        t.quarantined ? 'quarantined' : '-',
        t.quarantined?.why,
      ]);
      printTable(io, ['TENANT', 'TASKS', 'FLOWS', 'STATE', 'WHY'], rows);
    },
  });
  change(tenant, 'quarantine', parts, {
    summary: 'isolates a tenant: nothing of it leaves, what is live is cut',
    argument: 'tenant',
    returns: true,
    call: (client, name, body) => client.call('tenantQuarantine', { params: { name }, body }),
  });
  change(tenant, 'release', parts, {
    summary: 'releases a tenant',
    argument: 'tenant',
    call: (client, name, body) => client.call('tenantRelease', { params: { name }, body }),
  });
}

export function addTask(program: Command, parts: CliParts): void {
  const task = group(program, 'task', 'tasks: list, show, kill');
  leaf(task, 'list', parts, {
    summary: 'tasks that live now or were killed',
    run: async (_, options, { io }) => {
      const answer = await adminClient(options, io).call('taskList');
      if (options.json) return printJson(io, answer);
      const rows = answer.tasks.map((t) => [
        t.id,
        t.tenant,
        t.class,
        t.profile,
        t.kind,
        t.flows,
        instant(t.since),
        t.killed ? 'killed' : '-',
      ]);
      printTable(io, ['TASK', 'TENANT', 'CLASS', 'PROFILE', 'KIND', 'FLOWS', 'SINCE', 'STATE'], rows);
    },
  });
  leaf<CommonOptions & { tenant?: string }>(task, 'show', parts, {
    summary: 'one task with its recent events',
    declare: (command) => void command.argument('<id>').option('--tenant <name>', 'whose, where several have one'),
    run: async ([name = ''], options, { io }) => {
      const query = options.tenant === undefined ? {} : { tenant: options.tenant };
      const answer = await adminClient(options, io).call('taskShow', { params: { name }, query });
      if (options.json) return printJson(io, answer);
      const { events, ...rest } = answer;
      for (const [key, value] of Object.entries(rest)) io.stdout(`${key}: ${textOf(value)}\n`);
      for (const { seq, event } of events)
        io.stdout(`${seq} ${event['time']} ${event['type']} ${event['reason'] ?? ''}\n`);
    },
  });
  change(task, 'kill', parts, {
    summary: "kills a tenant's task: its isolate ends, its flows are cut, its passes are dead",
    argument: 'id',
    perTenant: 'whose, where several tenants have a live task of this id, or none has (then: every tenant)',
    call: (client, name, body, { tenant }) =>
      client.call('taskKill', { params: { name }, body: { ...body, tenant: tenant ?? null } }),
  });
}

export function addHost(program: Command, parts: CliParts): void {
  const host = group(program, 'host', 'overrides of one host, per tenant or for all');
  const verbs = [
    ['allow', 'allows a host whatever its categories', 'hostAllow', true],
    ['deny', 'denies a host and cuts what is live to it', 'hostDeny', true],
    ['clear', 'clears the override of a host', 'hostClear', false],
  ] as const;
  for (const [verb, summary, route, returns] of verbs) {
    change(host, verb, parts, {
      summary,
      argument: 'host',
      returns,
      perTenant: 'for this tenant only',
      call: (client, name, body, { tenant }) =>
        client.call(route, { params: { host: name }, body: { ...body, tenant: tenant ?? null } }),
    });
  }
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return plain(typeof value === 'object' ? JSON.stringify(value) : String(value));
}
