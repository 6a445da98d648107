/** `locktender policy diff A B`: which files differ, and which requests are decided otherwise. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { loadPolicy, type PolicyRevision, rootsOf } from '../control/load-revision.ts';
import { bundleChanges, contractsOf, questionOf } from '../policy/bundle/bundle-diff.ts';
import { RequestDiff } from '../policy/trials/request-diff.ts';
import type { WhatIf } from '../policy/trials/what-if.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, must, textOf } from './context.ts';
import { configOf } from './given-config.ts';
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
  const back = durationMs(options.since);
  if (back === null)
    throw new CliFailure(EXIT.usage, `\`${options.since}\` is not a duration; write for example \`30d\``);
  const load = (dir: string) => must(loadPolicy({ ...rootsOf(config), rules: [resolve(io.cwd, dir)] }));
  const [before, after] = [load(a), load(b)];
  const changes = bundleChanges(before.bundle, after.bundle).map(({ kind, name, change }) => ({ kind, name, change }));
  const diff = new RequestDiff(before.bundle, after.bundle);
  const own = options.requests === undefined ? [] : linesOf(options.requests, io);
  for (const { question, where } of questionsOf(own, [before, after])) {
    const problem = diff.listed(question, after.categories.index);
    // What was named and cannot be compared would pass for what does not differ.
    if (problem !== null && where !== null) throw new CliFailure(EXIT.usage, `${where}: ${problem}`);
  }
  const listed = diff.compared;
  if (hasLog(config.state)) {
    for (const { event, controls } of recordedDecisions(config.state, Date.now() - back))
      diff.recorded(event, controls);
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
function questionsOf(own: readonly Listed[], revisions: readonly PolicyRevision[]): Listed[] {
  const contracts = revisions.flatMap(({ bundle }) => must(contractsOf(bundle))).flatMap(questionOf);
  const all = [...contracts.map((question): Listed => ({ question, where: null })), ...own];
  return [...new Map(all.map((one) => [JSON.stringify(one.question), one])).values()];
}

interface Listed {
  readonly question: WhatIf;
  /** `file:line`; null for one of a contract. */
  readonly where: string | null;
}

const requestShape = z.object({
  tenant: z.string(),
  url: z.string(),
  class: z.string().nullable().default(null),
  profile: z.string().nullable().default(null),
  risk: z.int().min(0).max(100).default(0),
  method: z.string().default('GET'),
});

function linesOf(file: string, io: CliIo): Listed[] {
  const rows = textOf(file, io.cwd).split('\n');
  return rows.flatMap((row, i): Listed[] => {
    if (row.trim() === '') return [];
    const where = `${file}:${i + 1}`;
    const read = requestShape.safeParse(parsed(row));
    if (read.success) return [{ question: read.data, where }];
    const at = read.error.issues[0]?.path.join('.');
    throw new CliFailure(
      EXIT.usage,
      `${where}: not a request${at ? ` (\`${at}\`)` : ''}; write {"tenant":…,"class":…,"method":…,"url":…}`,
    );
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
