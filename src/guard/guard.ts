/**
 * The guard: both gates' use of the rules. What leaves (URL, headers, body) and what comes back (bodies, tool results)
 * is scanned; findings become actions; what is sent on is what the actions left.
 */

import type { Finding, Verdict } from '../core/finding.ts';
import { joinedMatches, type Parts, strongRules } from '../dlp/joined.ts';
import { type LayeredCandidate, scanLayers } from '../dlp/scan-layers.ts';
import { type BodyFilter, type BodyStream, bodyFilter } from './body-filter.ts';
import { CleanValues } from './clean-values.ts';
import { isIdentity } from './encoded-filter.ts';
import { type Field, type FieldOutcome, filteredFields } from './field-filter.ts';
import { FieldParts } from './field-parts.ts';
import type { GuardContext } from './guard-context.ts';
import { actionFor, verdictOf } from './judge.ts';
import { PartMemory } from './part-memory.ts';
import { type GuardPart, type PartValue, partValues, viewsOf } from './part-values.ts';
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
  const searchedPart = (part: GuardPart, context: GuardContext) =>
    viewsOf(part).flatMap((view) => searched(view, context));
  const told = (candidates: readonly LayeredCandidate[], part: GuardPart, context: GuardContext): Finding[] =>
    candidates
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
  const inParts = (parts: readonly GuardPart[], context: GuardContext): Finding[] =>
    parts.flatMap((part) => told(searchedPart(part, context), part, context));
  const inFields = (fields: FieldParts, context: GuardContext): Finding[] => {
    const place = clean.placeOf({ host: context.host, tool: context.tool ?? '' });
    if (fields.isClean(clean, place)) return [];
    const found = fields.parts.map((part) => searchedPart(part, context));
    // Not even a placeholder of our own, which is one only for so long.
    if (found.every(({ length }) => length === 0)) fields.heldNothing(clean, place);
    return fields.parts.flatMap((part, i) => told(found[i] ?? [], part, context));
  };
  /** What lies in several parts, or in this request and those before it (T-36). */
  const acrossParts = (values: readonly PartValue[], context: GuardContext): Finding[] => {
    const here = values.length < 2 ? [] : joinedMatches(putTogether(values), rules, { host: context.host, tool: '' });
    const kept = values.filter(({ isPassing }) => isPassing === undefined);
    const before = context.direction === 'request' ? memory.add(context, kept) : [];
    return joinedFindings([...here, ...before], context, { path: 'joined', fingerprint });
  };
  const scanParts = (parts: readonly GuardPart[], context: GuardContext, fields = NO_FIELDS): Verdict => {
    const { words, listed } = partValues(parts);
    const values = [...words, ...fields.values.words, ...listed, ...fields.values.listed];
    const found = [...inParts(parts, context), ...inFields(fields, context), ...acrossParts(values, context)];
    return verdictOf(found, maxFindings);
  };
  const fields = (those: readonly Field[], context: GuardContext) =>
    filteredFields(those, context, { searched, isOurs, filter, maxFindings });
  return { digest: rules.digest, scanParts, fields, stream, filter };
}

const NO_FIELDS = new FieldParts([]);

function putTogether(values: readonly PartValue[]): Parts {
  const begins: number[] = [];
  let length = 0;
  for (const { value } of values) {
    begins.push(length);
    length += value.length;
  }
  return { joined: Buffer.concat(values.map(({ value }) => value)), begins };
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
