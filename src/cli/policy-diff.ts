/** `locktender policy diff A B`: which files differ, and which requests are decided otherwise. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadPolicy, type PolicyRevision, rootsOf } from '../control/load-revision.ts';
import type { Bundle } from '../policy/bundle.ts';
import { type Contract, parseContracts } from '../policy/contract-file.ts';
import { RequestDiff } from '../policy/request-diff.ts';
import type { WhatIf } from '../policy/what-if.ts';
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
  const changes = differences(before.bundle, after.bundle);
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
  const files = revisions.flatMap(({ bundle }) => bundle.files.filter((f) => /(^|\/)policy\/contracts\//.test(f.path)));
  const contracts = files.flatMap((file) => must(parseContracts(file.path, file.text)));
  const all = [...own, ...contracts.flatMap(questionOf)];
  return [...new Map(all.map((question) => [JSON.stringify(question), question])).values()];
}

function questionOf({ request, task }: Contract): WhatIf[] {
  const [method, url] = request?.split(' ') ?? [];
  if (method === undefined || url === undefined || method === 'CONNECT') return [];
  const { tenant, class: name, profile, risk } = task;
  return [{ tenant, class: name, profile, risk, method, url }];
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

interface Difference {
  readonly kind: string;
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
}

function differences(a: Bundle, b: Bundle): Difference[] {
  const texts = (bundle: Bundle): [string, ReadonlyMap<string, string>][] => [
    ['capability', new Map([...bundle.capabilities].map(([name, c]) => [name, c.digest]))],
    ['profile', new Map([...bundle.profiles].map(([name, p]) => [name, p.digest]))],
    ['class', new Map([...bundle.classes.byName].map(([name, c]) => [name, JSON.stringify([c.profile, c.profiles])]))],
    ['file', new Map(bundle.files.filter((f) => /\/policy\//.test(`/${f.path}`)).map((f) => [f.path, f.text]))],
  ];
  const after = new Map(texts(b));
  return texts(a).flatMap(([kind, was]) => compare(kind, was, after.get(kind) ?? new Map()));
}

function compare(kind: string, was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): Difference[] {
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((name): Difference[] => {
    if (!was.has(name)) return [{ kind, name, change: 'added' }];
    if (!is.has(name)) return [{ kind, name, change: 'removed' }];
    return was.get(name) === is.get(name) ? [] : [{ kind, name, change: 'changed' }];
  });
}
