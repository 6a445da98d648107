/** `locktender policy …` and `locktender decide`. */

import { type Command, Option } from 'commander';
import { checkPolicy } from '../control/check-policy.ts';
import { loadPolicy, type PolicyRevision, rootsOf } from '../control/load-revision.ts';
import { NO_CONTROLS } from '../core/controls.ts';
import { err, ok, problemText } from '../core/result.ts';
import { type WhatIf, type WhatIfAnswer, whatIf } from '../policy/trials/what-if.ts';
import { adminClient } from './admin-client.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, must } from './context.ts';
import { configOf } from './given-config.ts';
import { type CliParts, group, leaf } from './leaf.ts';
import { addDiff } from './policy-diff.ts';
import { explainRecorded, precedenceOf, printDecision, printSources, sourcesOf } from './policy-explain.ts';
import { addLearn } from './policy-learn.ts';
import { addReload } from './policy-reload.ts';
import { addReplay } from './policy-replay.ts';
import { addTest } from './policy-test.ts';
import { printJson } from './print.ts';

interface QuestionOptions extends CommonOptions {
  readonly tenant?: string;
  readonly class?: string;
  readonly profile?: string;
  readonly method: string;
  readonly url?: string;
  readonly risk: string;
  readonly live?: boolean;
  readonly contentType?: string;
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
      const loaded = loadPolicy(roots);
      const { problems, warnings } = loaded.ok
        ? checkPolicy(roots, loaded.value)
        : { problems: loaded.error, warnings: [] };
      // For programs, what is wrong is the answer.
      if (options.json && problems.length > 0) printJson(io, { ok: false, problems, warnings });
      must(problems.length > 0 ? err([...problems]) : ok(null), EXIT.failed);
      const { bundle } = must(loaded);
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
    summary: 'why a recorded decision, or a request, is allowed or denied, and what would allow it',
    declare: (command) =>
      void question(command, false)
        .argument('[decision]', 'id of a recorded decision; without it, the request that the options say')
        .option('--live', 'ask the appliance: with its controls of now'),
    run: async ([decision], options, { io }) => {
      if (decision !== undefined) {
        if (options.tenant !== undefined || options.url !== undefined || options.live)
          throw new CliFailure(
            EXIT.usage,
            'say the id of a decision, or a request by `--tenant` and `--url`, not both',
          );
        return explainRecorded(decision, options, io);
      }
      if (options.live) {
        const answer = await adminClient(options, io).call('policyExplain', { body: questionOf(options) as never });
        return options.json ? printJson(io, answer) : printDecision(io, answer as WhatIfAnswer);
      }
      const answer = offline(options, io);
      const sources = sourcesOf(URL.parse(options.url ?? '')?.hostname ?? '', revisionOf(options, io).categories.index);
      if (options.json)
        return printJson(io, { ...answer, category_sources: sources, precedence: precedenceOf(answer) });
      printDecision(io, answer);
      printSources(io, sources, answer);
    },
  });
  addDiff(policy, parts);
  addLearn(policy, parts);
  addTest(policy, parts);
  addReplay(policy, parts);
  addReload(policy, parts);
}

function question(command: Command, needed = true): Command {
  const tenant = new Option('--tenant <name>', 'tenant of the task');
  const url = new Option('--url <url>', 'where to');
  return command
    .addOption(tenant.makeOptionMandatory(needed))
    .addOption(url.makeOptionMandatory(needed))
    .option('--class <name>', 'request class; the policy names a default')
    .option('--profile <name>', 'one of the profiles that the class offers')
    .option('--method <method>', 'HTTP method', 'GET')
    .option('--content-type <type>', 'media type of the body; default: what the protocol of the path sends')
    .option('--risk <0-100>', 'risk score of the task', '0');
}

function questionOf({ tenant, class: name, profile, method, url, risk, contentType }: QuestionOptions): WhatIf {
  if (tenant === undefined || url === undefined)
    throw new CliFailure(EXIT.usage, 'say what to explain: the id of a decision, or `--tenant` and `--url`');
  const score = Number(risk);
  if (!/^[0-9]{1,3}$/.test(risk) || score > 100)
    throw new CliFailure(EXIT.usage, 'the risk is a whole number from 0 to 100');
  const question = { tenant, class: name ?? null, profile: profile ?? null, method, url, risk: score };
  return contentType === undefined ? question : { ...question, contentType: contentType.toLowerCase() };
}

const REVISIONS = new WeakMap<CliIo, PolicyRevision>();

function revisionOf(options: CommonOptions, io: CliIo): PolicyRevision {
  const known = REVISIONS.get(io) ?? must(loadPolicy(rootsOf(configOf(options, io))));
  REVISIONS.set(io, known);
  return known;
}

function offline(options: QuestionOptions, io: CliIo): WhatIfAnswer {
  const { bundle, categories } = revisionOf(options, io);
  const snapshot = { bundle, categories: categories.index, controls: NO_CONTROLS };
  const answer = whatIf(questionOf(options), snapshot, Date.now());
  if (!answer.ok) throw new CliFailure(EXIT.usage, answer.error);
  return answer.value;
}
