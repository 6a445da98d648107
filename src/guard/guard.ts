/**
 * The guard: both gates' use of the rules. What leaves (URL, headers, body) and what comes back (bodies, tool results)
 * is scanned; findings become actions; what is sent on is what the actions left.
 */

import type { Verdict } from '../core/finding.ts';
import { strongRules } from '../dlp/joined.ts';
import { type BodyFilter, type BodyStream, bodyFilter } from './body-filter.ts';
import { isIdentity } from './encoded-filter.ts';
import { type Field, type FieldOutcome, filteredFields } from './field-filter.ts';
import type { FieldParts } from './field-parts.ts';
import type { GuardContext } from './guard-context.ts';
import { HeadGuard } from './head-guard.ts';
import { PartMemory } from './part-memory.ts';
import type { GuardPart } from './part-values.ts';
import { rememberingFilter } from './remembering-filter.ts';
import { scrubFilter } from './scrub-filter.ts';
import { askingFilter } from './second-stage/asking-filter.ts';
import { DoubtBook, type Doubts, type Inquiry } from './second-stage/doubts.ts';
import { unpackingFilter } from './unpacking-filter.ts';
import { type LookOptions, windowOptions } from './window-options.ts';
import type { GuardWorkers } from './workers/guard-workers.ts';
import { type Hands, handsOf } from './workers/hands.ts';

export interface Guard {
  /** Digest of the rule set. */
  readonly digest: string;
  /** Parts cannot be rewritten on their way: whatever an action would have changed blocks. `fields` stand behind them. */
  scanParts(parts: readonly GuardPart[], context: GuardContext, fields?: FieldParts): Verdict;
  /** Fields of an answer, each rewritten as a body would be. */
  fields(fields: readonly Field[], context: GuardContext): FieldOutcome;
  /** A filter for one body, used once. Large bodies are looked at in other threads where there are some. */
  stream(context: GuardContext): BodyStream;
  /** The same where nothing else waits: everything is done at once. */
  filter(context: GuardContext): BodyFilter;
}

export interface GuardOptions extends LookOptions {
  /** Largest encoded body, before and after decoding. */
  readonly maxDecodedBytes?: number;
  /** Asked about uncertain spans of bodies that are held whole; absent for nobody. */
  readonly inquiry?: Inquiry;
  /** Threads that look at large bodies; absent for none. */
  readonly workers?: GuardWorkers;
}

export function createGuard(options: GuardOptions): Guard {
  const { rules, workers, inquiry } = options;
  const looking = windowOptions(options);
  const { maxFindings, fingerprint, isOurs } = looking;
  const memory = new PartMemory(rules);
  // Nobody's first request waits for it.
  strongRules(rules);
  const hands = workers && handsOf(workers, rules);
  const plainOf = (context: GuardContext, by: Hands | undefined, asks: boolean): BodyStream => {
    const open = (of: GuardContext) =>
      scrubFilter(bodyFilter({ ...looking, context: of, ...(by && { hands: by }) }), context);
    const scrubbed = inquiry && asks ? asked(inquiry, context, open) : open(context);
    return context.direction === 'request' ? rememberingFilter(scrubbed, context, { memory, fingerprint }) : scrubbed;
  };
  const made = (context: GuardContext, by: Hands | undefined, asks: boolean): BodyStream =>
    unpackingFilter({ context, max: options.maxDecodedBytes ?? 16 * 1024 * 1024, hands: by }, (of) =>
      plainOf(of, by, asks),
    );
  const stream = (context: GuardContext) => made(context, hands, context.doubts === undefined);
  // Without other hands nothing comes later.
  const filter = (context: GuardContext) => made(context, undefined, false) as BodyFilter;

  const head = new HeadGuard(looking, memory);
  const fields = (those: readonly Field[], context: GuardContext) =>
    filteredFields(those, context, { searched: (view, of) => head.searched(view, of), isOurs, filter, maxFindings });
  const scanParts: Guard['scanParts'] = (parts, context, of) => head.scanParts(parts, context, of);
  return { digest: rules.digest, scanParts, fields, stream, filter };
}

function asked(inquiry: Inquiry, context: GuardContext, open: (context: GuardContext) => BodyStream): BodyStream {
  const { rules, key } = inquiry;
  const looked = (doubts: Doubts) => open({ ...context, doubts });
  if (context.isLive !== true) {
    // What is packed is unpacked when its end is there.
    const isSized = context.isSized === true || !isIdentity(context.contentEncoding);
    return askingFilter({ inquiry, isSized, open: looked });
  }
  const book = new DoubtBook({ rules, key, confirmed: [], isUnasked: true });
  const inner = looked(book);
  const verdict = () =>
    book.questions().length === 0 ? inner.verdict() : { ...inner.verdict(), second_stage: 'not_asked' as const };
  return {
    push: (chunk) => inner.push(chunk),
    idle: () => inner.idle(),
    end: () => inner.end(),
    verdict,
    get blocked() {
      return inner.blocked;
    },
  };
}
