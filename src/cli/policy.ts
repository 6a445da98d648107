/** `locktender policy …` and `locktender decide`. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { checkPolicy, loadPolicy, type PolicyRevision, rootsOf } from '../control/load-revision.ts';
import { NO_CONTROLS } from '../core/controls.ts';
import { err, ok, problemText } from '../core/result.ts';
import type { Bundle } from '../policy/bundle.ts';
import { type WhatIf, type WhatIfAnswer, whatIf } from '../policy/what-if.ts';
import { adminClient } from './admin-client.ts';
import { CliFailure, type CliIo, type CommonOptions, configOf, EXIT, must } from './context.ts';
import { type CliParts, group, leaf } from './leaf.ts';
import { addReload, addReplay } from './policy-live.ts';
import { addTest } from './policy-test.ts';
import { printJson, printTable } from './print.ts';

interface QuestionOptions extends CommonOptions {
  readonly tenant: string;
  readonly class?: string;
  readonly profile?: string;
  readonly method: string;
  readonly url: string;
  readonly risk: string;
  readonly live?: boolean;
}

export function addDecide(program: Command, parts: CliParts): void {
  leaf<QuestionOptions>(program, 'decide', parts, {
    summary: 'one decision, offline, under the policy files; exit 0 allow, 1 deny',
    declare: (command) => void question(command),
    run: async (_, options, { io }) => {
      const answer = offline(options, io);
      if (options.json) printJson(io, answer);
      else printDecision(io, answer);
      return answer.effect === 'allow' ? EXIT.done : EXIT.failed;
    },
  });
}

export function addPolicy(program: Command, parts: CliParts): void {
  const policy = group(program, 'policy', 'policy files: check, test, explain, compare, replay');
  leaf(policy, 'check', parts, {
    summary: 'compiles every policy file; every problem with file and line',
    run: async (_, options, { io }) => {
      const roots = rootsOf(configOf(options, io));
      const revision = must(loadPolicy(roots), EXIT.failed);
      const { problems, warnings } = checkPolicy(roots, revision);
      must(problems.length > 0 ? err([...problems]) : ok(null), EXIT.failed);
      const { bundle } = revision;
      const { capabilities, profiles, classes, files } = bundle;
      const answer = {
        ok: true,
        digest: bundle.digest,
        files: files.length,
        capabilities: capabilities.size,
        profiles: profiles.size,
        classes: classes.byName.size,
        warnings,
      };
      for (const warning of warnings) io.stderr(`warning: ${problemText(warning)}\n`);
      if (options.json) return printJson(io, answer);
      io.stdout(`bundle ${bundle.digest}\n`);
      io.stdout(
        `${answer.files} files, ${answer.capabilities} capabilities, ${answer.profiles} profiles, ${answer.classes} classes\n`,
      );
    },
  });
  leaf<QuestionOptions>(policy, 'explain', parts, {
    summary: 'why a request would be allowed or denied, and what would allow it',
    declare: (command) => void question(command).option('--live', 'ask the appliance: with its controls of now'),
    run: async (_, options, { io }) => {
      const answer = options.live
        ? await adminClient(options, io).call('policyExplain', { body: questionOf(options) as never })
        : offline(options, io);
      if (options.json) return printJson(io, answer);
      printDecision(io, answer as WhatIfAnswer);
    },
  });
  leaf(policy, 'diff', parts, {
    summary: 'what differs between two directories of rules',
    declare: (command) => void command.argument('<a>').argument('<b>'),
    run: async ([a = '', b = ''], options, { io }) => {
      const config = configOf(options, io);
      const load = (dir: string) => must(loadPolicy({ ...rootsOf(config), rules: [resolve(io.cwd, dir)] })).bundle;
      const changes = differences(load(a), load(b));
      if (options.json) return printJson(io, { changes });
      if (changes.length === 0) io.stdout('no difference\n');
      else
        printTable(
          io,
          ['KIND', 'NAME', 'CHANGE'],
          changes.map((c) => [c.kind, c.name, c.change]),
        );
    },
  });
  addTest(policy, parts);
  addReplay(policy, parts);
  addReload(policy, parts);
}

function question(command: Command): Command {
  return command
    .requiredOption('--tenant <name>', 'tenant of the task')
    .option('--class <name>', 'request class; the policy names a default')
    .option('--profile <name>', 'one of the profiles that the class offers')
    .option('--method <method>', 'HTTP method', 'GET')
    .requiredOption('--url <url>', 'where to')
    .option('--risk <0-100>', 'risk score of the task', '0');
}

function questionOf({ tenant, class: name, profile, method, url, risk }: QuestionOptions): WhatIf {
  const score = Number(risk);
  if (!Number.isInteger(score) || score < 0 || score > 100)
    throw new CliFailure(EXIT.usage, 'the risk is a whole number from 0 to 100');
  return { tenant, class: name ?? null, profile: profile ?? null, method, url, risk: score };
}

function offline(options: QuestionOptions, io: CliIo): WhatIfAnswer {
  const { bundle, categories }: PolicyRevision = must(loadPolicy(rootsOf(configOf(options, io))));
  const snapshot = { bundle, categories: categories.index, controls: NO_CONTROLS };
  const answer = whatIf(questionOf(options), snapshot, Date.now());
  if (!answer.ok) throw new CliFailure(EXIT.usage, answer.error);
  return answer.value;
}

function printDecision(io: CliIo, answer: WhatIfAnswer): void {
  const { effect, reason, step, rule, capability, categories, facts, would_allow: remedies } = answer;
  io.stdout(`${effect}: ${reason}${step === null ? '' : ` (${step})`}\n`);
  if (rule !== null) io.stdout(`rule: ${rule.id}${rule.file === null ? '' : ` at ${rule.file}:${rule.line}`}\n`);
  if (capability !== null) io.stdout(`capability: ${capability}\n`);
  io.stdout(`categories: ${categories.join(' ') || '-'}\nfacts: ${facts.join(' ') || '-'}\n`);
  for (const remedy of remedies) io.stdout(`would allow it: ${remedy}\n`);
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
