/** The guard in force: made from the DLP rules, swapped whole by a reload, or kept when the new rules are refused. */

import { randomBytes } from 'node:crypto';
import type { ReloadOutcome } from '../../control/control-order.ts';
import type { RulesLoadedEvent } from '../../core/event.ts';
import { ulid } from '../../core/ids.ts';
import type { AuditSink, Clock, Log, Meter } from '../../core/ports.ts';
import { type Problem, problemText, type Result } from '../../core/result.ts';
import type { RuleSet } from '../../dlp/compiled-rules.ts';
import { createGuard, type Guard, type GuardOptions } from '../../guard/guard.ts';
import { meteredGuard } from '../metered.ts';
import { type CleanSamples, samplingGuard } from './clean-samples.ts';

export interface GuardDesk {
  current(): Guard;
  rules(): RuleSet;
  /** Clean results of this thread, as far as the configuration lets them be kept. */
  readonly samples: CleanSamples;
  /** Whoever guards elsewhere: told of new rules once they are in force here, and waited for. Must not reject. */
  followedBy(follower: (rules: RuleSet) => Promise<void>): void;
  /** Swaps in what was loaded, and records it either way. */
  reload(next: Result<RuleSet, Problem[]>): Promise<ReloadOutcome>;
}

export interface GuardDeskParts {
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly samples: CleanSamples;
}

/** Records the rules that it starts with. */
export async function openGuardDesk(options: GuardOptions, parts: GuardDeskParts): Promise<GuardDesk> {
  let rules = options.rules;
  const followers = new Set<(rules: RuleSet) => Promise<void>>();
  const made = (of: GuardOptions) => samplingGuard(meteredGuard(createGuard(of), parts), parts.samples);
  let guard = made(options);
  const record = (loaded: Pick<RulesLoadedEvent, 'rules' | 'count' | 'previous' | 'refused'>) =>
    parts.audit.record({
      type: 'rules.loaded',
      id: ulid('e', parts.clock.now(), randomBytes(10)),
      tenant: null,
      task: null,
      ...loaded,
    });
  const inForce = () => ({ rules: guard.digest, count: rules.rules.length });
  await record({ ...inForce(), previous: null, refused: null });
  return {
    current: () => guard,
    rules: () => rules,
    samples: parts.samples,
    followedBy: (next) => {
      followers.add(next);
    },
    reload: async (next) => {
      const previous = guard.digest;
      if (!next.ok) {
        parts.log.error({ problems: next.error.map(problemText) }, 'new DLP rules refused; the old stay in force');
        const [first] = next.error;
        await record({ ...inForce(), previous, refused: first ? problemText(first) : 'refused' });
        return { loaded: false, digest: previous, previous, problems: next.error, cut: 0 };
      }
      // The watch on the files notices an edit that the admin door has brought into force already.
      if (next.value.digest === previous) return { loaded: true, digest: previous, previous, problems: [], cut: 0 };
      const fresh = made({ ...options, rules: next.value });
      // On record first: rules that cannot be recorded do not come into force.
      await record({ rules: fresh.digest, count: next.value.rules.length, previous, refused: null });
      rules = next.value;
      guard = fresh;
      options.workers?.follow(rules);
      await Promise.all([...followers].map((follower) => follower(rules)));
      parts.log.info({ rules: guard.digest, previous, count: rules.rules.length }, 'new DLP rules in force');
      return { loaded: true, digest: guard.digest, previous, problems: [], cut: 0 };
    },
  };
}
