/**
 * The guard: both gates' use of the rules. What leaves (URL, headers, body) and what comes back (bodies, tool results)
 * is scanned; findings become actions; what is sent on is what the actions left.
 */

import { createHmac } from 'node:crypto';
import type { Finding, Verdict } from '../core/finding.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { LAYER_LIMITS, scanLayers } from '../dlp/scan-layers.ts';
import { type BodyFilter, bodyFilter } from './body-filter.ts';
import { encodedFilter, isIdentity, sniffedFilter } from './encoded-filter.ts';
import type { GuardContext } from './guard-context.ts';
import { actionFor, verdictOf } from './judge.ts';
import { zlibPacking } from './packing.ts';
import { scrubFilter } from './scrub-filter.ts';
import type { Vault } from './vault.ts';

/** One thing beside the body: `url.path`, `url.query`, or a header name. */
export interface GuardPart {
  readonly name: string;
  readonly text: string;
}

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
  const filter = (context: GuardContext): BodyFilter => {
    const { vault } = options;
    const shared = { rules, context, fingerprint, maxFindings, layers, isOurs };
    const guarded = bodyFilter({ ...shared, ...(vault && { vault }) });
    const plain = scrubFilter(guarded, context.scrubs ?? []);
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
  const scanParts = (parts: readonly GuardPart[], context: GuardContext): Verdict =>
    verdictOf(
      parts.flatMap((part) => viewsOf(part).flatMap((view) => scanView(view, part, context))),
      maxFindings,
    );
  return { digest: rules.digest, scanParts, filter };
}

/** The text as it stands, and percent-decoded where that makes a difference (T-35). */
function viewsOf(part: GuardPart): Buffer[] {
  const plain = Buffer.from(part.text, 'utf8');
  if (!part.text.includes('%') && !part.text.includes('+')) return [plain];
  const decoded = Buffer.from(percentDecode(part.text), 'utf8');
  return decoded.equals(plain) ? [plain] : [decoded];
}

function percentDecode(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}
