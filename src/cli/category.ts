/** `locktender category …` */

import type { Command } from 'commander';
import { loadPolicy, rootsOf } from '../control/load-revision.ts';
import { parseHost } from '../core/host.ts';
import { adminClient } from './admin-client.ts';
import { addCategoryImport } from './category-import.ts';
import { CliFailure, type CommonOptions, EXIT, must } from './context.ts';
import { change } from './controls.ts';
import { categoriesOfFiles, onlyFiles } from './from-files.ts';
import { configOf } from './given-config.ts';
import { type CliParts, group, leaf } from './leaf.ts';
import { ageOf } from './policy-explain.ts';
import { instant, printJson, printTable } from './print.ts';

export function addCategory(program: Command, parts: CliParts): void {
  const category = group(program, 'category', 'domain categories: what they are, where hosts stand, block and unblock');
  leaf(category, 'list', parts, {
    summary: 'every category, and whether it is blocked now',
    run: async (_, options, { io }) => {
      const answer = onlyFiles(options, io)
        ? categoriesOfFiles(options, io)
        : await adminClient(options, io).call('categoryList');
      if (options.json) return printJson(io, answer);
      const rows = answer.categories.map((c) => [c.id, c.risk, stateOf(c), c.mark?.by, instant(c.mark?.until), c.name]);
      printTable(io, ['CATEGORY', 'RISK', 'STATE', 'BY', 'UNTIL', 'NAME'], rows);
    },
  });
  leaf(category, 'lookup', parts, {
    summary: 'the categories of a host, and which list says so; works without an appliance',
    declare: (command) => void command.argument('<host>'),
    run: async ([name = ''], options, { io }) => lookup(name, options, io),
  });
  change(category, 'block', parts, {
    summary: 'blocks a category and cuts what depends on it',
    argument: 'name',
    returns: true,
    call: (client, name, body) => client.call('categoryBlock', { params: { name }, body }),
  });
  change(category, 'unblock', parts, {
    summary: 'unblocks a category',
    argument: 'name',
    returns: true,
    call: (client, name, body) => client.call('categoryUnblock', { params: { name }, body }),
  });
  leaf(category, 'preview', parts, {
    summary: 'what blocking a category would cut, without doing it',
    declare: (command) => void command.argument('<name>'),
    run: async ([name = ''], options, { io }) => {
      const answer = await adminClient(options, io).call('categoryPreview', { params: { name } });
      if (options.json) return printJson(io, answer);
      io.stdout(`blocking \`${name}\` would cut ${answer.live_flows} live flows\n`);
      io.stdout(`tasks: ${answer.tasks.join(' ') || '-'}\nhosts: ${answer.hosts.join(' ') || '-'}\n`);
      const { allowed_last_day: allows, tasks_last_day: tasks, hosts_last_day: hosts, complete } = answer;
      io.stdout(`allows of the last day that it would have denied: ${complete ? '' : 'more than '}${allows}\n`);
      io.stdout(`of tasks: ${tasks.join(' ') || '-'}\nto hosts: ${hosts.join(' ') || '-'}\n`);
    },
  });
  addCategoryImport(category, parts);
}

function stateOf(c: { readonly blocked: boolean; readonly by_default: boolean }): string {
  if (!c.blocked) return 'open';
  return c.by_default ? 'blocked by default' : 'blocked';
}

function lookup(name: string, options: CommonOptions, io: Parameters<typeof printJson>[0]): void {
  // A colon stands in no name: an IPv6 address may be written without its brackets.
  const host = parseHost(/^[^[]*:.*:/.test(name) ? `[${name}]` : name);
  if (!host.ok)
    throw new CliFailure(EXIT.usage, `\`${name}\` is not a host (${host.error}); write for example \`example.com\``);
  const { categories } = must(loadPolicy(rootsOf(configOf(options, io))));
  const found = categories.index.explain(host.value);
  if (options.json) {
    const reasons = found.reasons.map((r) => ({
      category: r.category,
      by: r.by,
      entry: r.entry,
      list: r.list?.name ?? null,
      file: r.list?.file ?? null,
      line: r.line,
      version: r.list?.version ?? null,
      date: r.list?.date ?? null,
      source: r.list?.source ?? null,
    }));
    printJson(io, { host: found.host, categories: found.categories, reasons, index: found.index });
    return;
  }
  io.stdout(`${found.host}: ${found.categories.join(' ')}\n`);
  for (const { category, why, list } of found.reasons) {
    const age = list?.date ? ` (${ageOf(list.date, Date.now())}, version ${list.version})` : '';
    io.stdout(`  ${category}: ${why}${age}\n`);
  }
}
