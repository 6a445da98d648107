/** `locktender policy diff A B`: which files differ, and which requests are decided otherwise. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadPolicy, type PolicyRevision, rootsOf } from '../control/load-revision.ts';
import { bundleChanges, contractsOf, questionOf } from '../policy/bundle/bundle-diff.ts';
import { RequestDiff } from '../policy/trials/request-diff.ts';
import type { WhatIf } from '../policy/trials/what-if.ts';
import { CliFailure, type CliIo, type CommonOptions, configOf, EXIT, must, textOf } from './context.ts';
import { type CliParts, durationMs, leaf } from './leaf.ts';
import { printJson, printTable } from './print.ts';
import { hasLog, recordedDecisions } from './recorded-events.ts';

interface DiffOptions extends CommonOptions {
  readonly requests?: string;
  readonly since: string;
}

export function addDiff(policy: Command, parts: CliParts): void {
  leaf<DiffOptions>(policy, 'diff', parts, {
    summary: 'what differs between two directories of rules: files, and the requests that are decided otherwise',
    declare: (command) => {
      command
        .argument('<a>')
        .argument('<b>')
        .option('--requests <file>', 'JSON Lines of {tenant, class, profile, risk, method, url} to compare too')
        .option('--since <duration>', 'how far back recorded decisions are compared', '30d');
    },
    run: async ([a = '', b = ''], options, { io }) => run(a, b, options, io),
  });
}

function run(a: string, b: string, options: DiffOptions, io: CliIo): void {
  const config = configOf(options, io);
  const load = (dir: string) => must(loadPolicy({ ...rootsOf(config), rules: [resolve(io.cwd, dir)] }));
  const [before, after] = [load(a), load(b)];
  const changes = bundleChanges(before.bundle, after.bundle).map(({ kind, name, change }) => ({ kind, name, change }));
  const diff = new RequestDiff(before.bundle, after.bundle);
  for (const question of questionsOf(options, [before, after], io)) diff.listed(question, after.categories.index);
  const listed = diff.compared;
  if (hasLog(config.state)) {
    const since = Date.now() - (durationMs(options.since) ?? 0);
    for (const { event, controls } of recordedDecisions(config.state, since)) diff.recorded(event, controls);
  }
  const groups = diff.groups();
  const requests = { listed, recorded: diff.compared - listed, changed: diff.changed, groups };
  if (options.json) {
    printJson(io, { changes, requests });
    return;
  }
  const rows = changes.map((c) => [c.kind, c.name, c.change]);
  if (rows.length === 0) io.stdout('no difference\n');
  else printTable(io, ['KIND', 'NAME', 'CHANGE'], rows);
  io.stdout(`${listed} listed and ${requests.recorded} recorded requests, ${diff.changed} decided otherwise\n`);
  const table = groups.map((g) => [g.count, g.tenant, g.class, g.method, g.host, g.before, g.after, g.example]);
  if (table.length > 0)
    printTable(io, ['COUNT', 'TENANT', 'CLASS', 'METHOD', 'HOST', 'BEFORE', 'AFTER', 'EXAMPLE'], table);
}

/** Those of a file, and those of the contracts of both directories. */
function questionsOf({ requests }: DiffOptions, revisions: readonly PolicyRevision[], io: CliIo): WhatIf[] {
  const own = requests === undefined ? [] : linesOf(requests, io);
  const contracts = revisions.flatMap(({ bundle }) => must(contractsOf(bundle)));
  const all = [...own, ...contracts.flatMap(questionOf)];
  return [...new Map(all.map((question) => [JSON.stringify(question), question])).values()];
}

function linesOf(file: string, io: CliIo): WhatIf[] {
  const rows = textOf(file, io.cwd).split('\n');
  return rows.flatMap((row, i): WhatIf[] => {
    if (row.trim() === '') return [];
    const value = parsed(row);
    const { tenant, class: name, profile, risk, method, url } = value ?? {};
    if (typeof tenant !== 'string' || typeof url !== 'string') {
      throw new CliFailure(
        EXIT.usage,
        `${file}:${i + 1}: not a request; write {"tenant":…,"class":…,"method":…,"url":…}`,
      );
    }
    return [
      {
        tenant,
        url,
        class: typeof name === 'string' ? name : null,
        profile: typeof profile === 'string' ? profile : null,
        risk: typeof risk === 'number' ? risk : 0,
        method: typeof method === 'string' ? method : 'GET',
      },
    ];
  });
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}
