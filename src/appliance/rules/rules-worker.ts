/** The thread that compiles, tests and tries DLP rules: seconds of work that nobody's request waits for. */

import { parentPort } from 'node:worker_threads';
import { compileRuleFiles, loadRules } from '../../control/load-rules.ts';
import { ok, type Problem, type Result } from '../../core/result.ts';
import type { RuleSet } from '../../dlp/compiled-rules.ts';
import { portableRules, rulesFrom } from '../../dlp/portable-rules.ts';
import { systemClock } from '../../telemetry/system-clock.ts';
import { Channel } from '../channel.ts';
import { tried } from './rule-trial.ts';
import type { Compiled, RulesDown, RulesUp } from './rules-talk.ts';

const port = parentPort;
if (port === null) throw new Error('this is started as a thread');

/** What was compiled last: what has not changed since need not be done again. */
let latest: RuleSet | null = null;
let inForce: RuleSet | null = null;

function taken(compiled: Result<RuleSet, Problem[]>): Compiled {
  if (!compiled.ok) return compiled;
  latest = compiled.value;
  return ok(portableRules(compiled.value));
}

const known = () => (latest === null ? {} : { previous: latest });

new Channel<RulesUp, RulesDown>(port, {
  ask: {
    load: (roots) => taken(loadRules(roots, known())),
    compile: (files) => taken(compileRuleFiles(files, known())),
    try: ({ edit, past }) => {
      if (inForce === null) throw new Error('nobody said which rules are in force');
      return tried(edit, { inForce, past, clock: systemClock });
    },
  },
  tell: {
    inForce: (rules) => {
      inForce = rulesFrom(rules, inForce);
    },
  },
});
