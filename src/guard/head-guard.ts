/** The guard of what stands beside a body: a URL, fields, and what lies in several of them (T-36, T-37). */

import type { Finding, Verdict } from '../core/finding.ts';
import { joinedMatches, type Parts } from '../dlp/joined.ts';
import { type LayeredCandidate, type LayeredScan, lookInto } from '../dlp/scan-layers.ts';
import type { WindowOptions } from './body-window.ts';
import { CleanValues, heldNothing } from './clean-values.ts';
import { FieldParts } from './field-parts.ts';
import type { GuardContext } from './guard-context.ts';
import { actionFor, mayPassUnread, verdictOf } from './judge.ts';
import type { PartMemory } from './part-memory.ts';
import { type GuardPart, type PartValue, partValues, viewsOf } from './part-values.ts';
import { joinedFindings } from './remembering-filter.ts';

/** What a look at some parts came to. */
interface LookedAt {
  readonly findings: readonly Finding[];
  readonly isWhole: boolean;
  readonly heldNothing: boolean;
}

/** A head is short, and everybody waits while it is looked at: what stands for more than this is made to. */
const MOST_BYTES = 1024 * 1024;
const NO_FIELDS = new FieldParts([]);
const CLEAN: LookedAt = { findings: [], isWhole: true, heldNothing: true };

export class HeadGuard {
  readonly #options: Omit<WindowOptions, 'context'>;
  readonly #memory: PartMemory;
  readonly #clean: CleanValues;

  /** `memory` has what a task sent before. */
  constructor(options: Omit<WindowOptions, 'context'>, memory: PartMemory) {
    const { layers } = options;
    this.#options = { ...options, layers: { ...layers, bytes: Math.min(layers.bytes, MOST_BYTES) } };
    this.#memory = memory;
    this.#clean = new CleanValues(options.rules);
  }

  scanParts(parts: readonly GuardPart[], context: GuardContext, fields = NO_FIELDS): Verdict {
    const { words, listed } = partValues(parts);
    const values = [...words, ...fields.values.words, ...listed, ...fields.values.listed];
    const [inUrl, inFields] = [this.#inParts(parts, context), this.#inFields(fields, context)];
    const found = [...inUrl.findings, ...inFields.findings, ...this.#acrossParts(values, context)];
    const verdict = verdictOf(found, this.#options.maxFindings);
    if (inUrl.isWhole && inFields.isWhole) return verdict;
    return { ...verdict, ...(!mayPassUnread(context) && { action: 'block' }), unread: true };
  }

  /** A text of a head: what held nothing before is known. */
  searched(view: Buffer, { host, tool = '' }: GuardContext): LayeredScan {
    const { rules, layers } = this.#options;
    return this.#clean.among(view, { host, tool }, () => lookInto(view, rules, { host, tool, isHead: true }, layers));
  }

  #inParts(parts: readonly GuardPart[], context: GuardContext): LookedAt {
    const scans = parts.map((part) => this.#searchedPart(part, context));
    return {
      findings: parts.flatMap((part, i) => this.#told(scans[i]?.found ?? [], part, context)),
      isWhole: scans.every(({ isWhole }) => isWhole),
      // Not even a placeholder of our own, which is one only for so long.
      heldNothing: scans.every(heldNothing),
    };
  }

  #inFields(fields: FieldParts, context: GuardContext): LookedAt {
    const place = this.#clean.placeOf({ host: context.host, tool: context.tool ?? '' });
    if (fields.isClean(this.#clean, place)) return CLEAN;
    const looked = this.#inParts(fields.parts, context);
    if (looked.heldNothing) fields.heldNothing(this.#clean, place);
    return looked;
  }

  #searchedPart(part: GuardPart, context: GuardContext): LayeredScan {
    return viewsOf(part)
      .map((view) => this.searched(view, context))
      .reduce(together);
  }

  #told(candidates: readonly LayeredCandidate[], { name }: GuardPart, context: GuardContext): Finding[] {
    const { isOurs, fingerprint } = this.#options;
    return candidates
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
        path: name,
      }));
  }

  /** What lies in several parts, or in this request and those before it. */
  #acrossParts(values: readonly PartValue[], context: GuardContext): Finding[] {
    const { rules, fingerprint } = this.#options;
    const here = values.length < 2 ? [] : joinedMatches(putTogether(values), rules, { host: context.host, tool: '' });
    const kept = values.filter(({ isPassing }) => isPassing === undefined);
    const before = context.direction === 'request' ? this.#memory.add(context, kept) : [];
    return joinedFindings([...here, ...before], context, { path: 'joined', fingerprint });
  }
}

/** Of two looks at one text: what both found is found once. */
function together(a: LayeredScan, b: LayeredScan): LayeredScan {
  const isNew = ({ rule, secret }: LayeredCandidate) =>
    !a.found.some((one) => one.rule === rule && one.secret.equals(secret));
  return { found: [...a.found, ...b.found.filter(isNew)], isWhole: a.isWhole && b.isWhole };
}

function putTogether(values: readonly PartValue[]): Parts {
  const begins: number[] = [];
  let length = 0;
  for (const { value } of values) {
    begins.push(length);
    length += value.length;
  }
  return { joined: Buffer.concat(values.map(({ value }) => value)), begins };
}
