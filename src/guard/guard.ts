/**
 * The guard: both gates' use of the rules. What leaves (URL, headers, body) and what comes back (bodies, tool results)
 * is scanned; findings become actions; what is sent on is what the actions left.
 */

import { createHmac } from 'node:crypto';
import type { Finding, Verdict } from '../core/finding.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { joinedMatches } from '../dlp/joined.ts';
import { LAYER_LIMITS, scanLayers } from '../dlp/scan-layers.ts';
import { type BodyFilter, bodyFilter } from './body-filter.ts';
import { encodedFilter, isIdentity, sniffedFilter } from './encoded-filter.ts';
import type { GuardContext } from './guard-context.ts';
import { actionFor, verdictOf } from './judge.ts';
import { zlibPacking } from './packing.ts';
import { PartMemory } from './part-memory.ts';
import { type GuardPart, partValues, viewsOf } from './part-values.ts';
import { joinedFindings, rememberingFilter } from './remembering-filter.ts';
import { scrubFilter } from './scrub-filter.ts';
import type { Vault } from './vault.ts';

export interface Guard {
  /** Digest of the rule set. */
  readonly digest: string;
  /** Parts cannot be rewritten on their way: whatever an action would have changed blocks. */
  scanParts(parts: readonly GuardPart[], context: GuardContext): Verdict;
  /** A filter for one body, used once. */
  filter(context: GuardContext): BodyFilter;
}

export interface GuardOptions {
  readonly rules: RuleSet;
  /** Key of the fingerprints; 32 bytes. */
  readonly fingerprintKey: Uint8Array;
  /** Where `tokenise` keeps values; without it a token stands for nothing that could come back. */
  readonly vault?: Vault;
  /** Whether this is a placeholder that we gave out ourselves. */
  readonly isOurs?: (secret: Buffer) => boolean;
  /** Findings listed in one verdict; more are counted. */
  readonly maxFindings?: number;
  /** Largest encoded body, before and after decoding. */
  readonly maxDecodedBytes?: number;
  /** Encodings unwrapped inside one another. Default 3. */
  readonly maxLayerDepth?: number;
}

export function createGuard(options: GuardOptions): Guard {
  const { rules } = options;
  const maxFindings = options.maxFindings ?? 200;
  const layers = { ...LAYER_LIMITS, packing: zlibPacking, depth: options.maxLayerDepth ?? LAYER_LIMITS.depth };
  const fingerprint = (secret: Uint8Array) =>
    createHmac('sha256', options.fingerprintKey).update(secret).digest('hex').slice(0, 16);

  const isOurs = options.isOurs ?? (() => false);
  const memory = new PartMemory(rules);
  const filter = (context: GuardContext): BodyFilter => {
    const { vault } = options;
    const shared = { rules, context, fingerprint, maxFindings, layers, isOurs };
    const guarded = bodyFilter({ ...shared, ...(vault && { vault }) });
    const scrubbed = scrubFilter(guarded, context.scrubs ?? []);
    const plain =
      context.direction === 'request' ? rememberingFilter(scrubbed, context, { memory, fingerprint }) : scrubbed;
    const max = options.maxDecodedBytes ?? 16 * 1024 * 1024;
    if (!isIdentity(context.contentEncoding)) return encodedFilter(plain, context, max);
    return context.direction === 'request' || context.sniff ? sniffedFilter(plain, context, max) : plain;
  };

  const scanView = (view: Buffer, part: GuardPart, context: GuardContext): Finding[] =>
    scanLayers(view, rules, { host: context.host, tool: context.tool ?? '' }, layers)
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
    const before = context.direction === 'request' ? memory.add(context, values) : [];
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
  return { digest: rules.digest, scanParts, filter };
}
