/**
 * The guard: both gates' use of the rules. What leaves (URL, headers, body) and what comes back (bodies, tool results)
 * is scanned; findings become actions; what is sent on is what the actions left.
 */

import type { Finding, Verdict } from '../core/finding.ts';
import { joinedMatches, strongRules } from '../dlp/joined.ts';
import { scanLayers } from '../dlp/scan-layers.ts';
import { type BodyFilter, type BodyStream, bodyFilter } from './body-filter.ts';
import { CleanValues } from './clean-values.ts';
import { isIdentity } from './encoded-filter.ts';
import { type Field, type FieldOutcome, filteredFields } from './field-filter.ts';
import type { GuardContext } from './guard-context.ts';
import { actionFor, verdictOf } from './judge.ts';
import { PartMemory } from './part-memory.ts';
import { type GuardPart, partValues, viewsOf } from './part-values.ts';
import { joinedFindings, rememberingFilter } from './remembering-filter.ts';
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
  /** Parts cannot be rewritten on their way: whatever an action would have changed blocks. */
  scanParts(parts: readonly GuardPart[], context: GuardContext): Verdict;
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
  const { maxFindings, layers, fingerprint, isOurs } = looking;
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

  const clean = new CleanValues(rules);
  const searched = (view: Buffer, { host, tool = '' }: GuardContext) =>
    clean.among(view, { host, tool }, () => scanLayers(view, rules, { host, tool, isHead: true }, layers));
  const scanView = (view: Buffer, part: GuardPart, context: GuardContext): Finding[] =>
    searched(view, context)
      .filter(({ secret, continues }) => continues === undefined && !isOurs(secret))
      .map((candidate) => ({
        rule: candidate.rule.spec.id,
        info_type: candidate.rule.spec.info_type,
        likelihood: candidate.likelihood,
        start: candidate.start,
        end: candidate.end,
        // A URL or a header cannot be redacted without meaning something else.
        action: actionFor(candidate, context) === 'pass' ? 'pass' : 'block',
        fingerprint: fingerprint(candidate.secret),
        path: part.name,
      }));
  /** What lies in several parts, or in this request and those before it (T-36). */
  const acrossParts = (parts: readonly GuardPart[], context: GuardContext): Finding[] => {
    const values = partValues(parts);
    const begins: number[] = [];
    let length = 0;
    for (const { value } of values) {
      begins.push(length);
      length += value.length;
    }
    const here = joinedMatches({ joined: Buffer.concat(values.map(({ value }) => value)), begins }, rules, {
      host: context.host,
      tool: '',
    });
    const kept = values.filter(({ isPassing }) => isPassing === undefined);
    const before = context.direction === 'request' ? memory.add(context, kept) : [];
    return joinedFindings([...here, ...before], context, { path: 'joined', fingerprint });
  };
  const scanParts = (parts: readonly GuardPart[], context: GuardContext): Verdict =>
    verdictOf(
      [
        ...parts.flatMap((part) => viewsOf(part).flatMap((view) => scanView(view, part, context))),
        ...acrossParts(parts, context),
      ],
      maxFindings,
    );
  const fields = (those: readonly Field[], context: GuardContext) =>
    filteredFields(those, context, { searched, isOurs, filter, maxFindings });
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
