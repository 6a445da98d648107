/** What the thread of the rules is asked. */

import type { AnswerOf, InputOf } from '../../admin/contract.ts';
import type { RevisionRoots } from '../../control/load-revision.ts';
import type { Problem, Result } from '../../core/result.ts';
import type { RuleFile } from '../../dlp/compiled-rules.ts';
import type { PortableRules } from '../../dlp/portable-rules.ts';
import type { PastSamples } from './rule-trial.ts';

export type Compiled = Result<PortableRules, Problem[]>;

export interface TrialOrder {
  readonly edit: InputOf<'ruleTry'>['body'];
  readonly past: PastSamples;
}

/** To the thread. */
export interface RulesDown {
  readonly asks: {
    /** The rules of these directories. */
    readonly load: { readonly ask: RevisionRoots; readonly answer: Compiled };
    readonly compile: { readonly ask: readonly RuleFile[]; readonly answer: Compiled };
    readonly try: { readonly ask: TrialOrder; readonly answer: AnswerOf<'ruleTry'> };
  };
  readonly news: { readonly inForce: PortableRules };
}

/** The thread asks nothing. */
export interface RulesUp {
  readonly asks: Readonly<Record<never, { ask: unknown; answer: unknown }>>;
  readonly news: Readonly<Record<never, unknown>>;
}
