/**
 * The guard: both gates' use of the rules. What leaves (URL, headers, body) and what comes back (bodies, tool results)
 * is scanned; findings become actions; what is sent on is what the actions left.
 */

import { createHmac } from 'node:crypto';
import type { Finding, Verdict } from '../core/finding.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { LAYER_LIMITS, scanLayers } from '../dlp/scan-layers.ts';
import { type BodyFilter, bodyFilter } from './body-filter.ts';
import { encodedFilter, isIdentity } from './encoded-filter.ts';
import type { GuardContext } from './guard-context.ts';
import { actionFor, verdictOf } from './judge.ts';

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
  const layers = { ...LAYER_LIMITS, depth: options.maxLayerDepth ?? LAYER_LIMITS.depth };
  const fingerprint = (secret: Uint8Array) =>
    createHmac('sha256', options.fingerprintKey).update(secret).digest('hex').slice(0, 16);

  const filter = (context: GuardContext): BodyFilter => {
    const plain = bodyFilter({ rules, context, fingerprint, maxFindings, layers });
    if (isIdentity(context.contentEncoding)) return plain;
    return encodedFilter(plain, context, options.maxDecodedBytes ?? 16 * 1024 * 1024);
  };

  const scanParts = (parts: readonly GuardPart[], context: GuardContext): Verdict => {
    const findings: Finding[] = [];
    for (const part of parts) {
      for (const view of viewsOf(part)) {
        for (const candidate of scanLayers(view, rules, { host: context.host, tool: context.tool ?? '' }, layers)) {
          const action = actionFor(candidate, context);
          findings.push({
            rule: candidate.rule.spec.id,
            info_type: candidate.rule.spec.info_type,
            likelihood: candidate.likelihood,
            start: candidate.start,
            end: candidate.end,
            // A URL or a header cannot be redacted without meaning something else.
            action: action === 'pass' ? 'pass' : 'block',
            fingerprint: fingerprint(candidate.secret),
            path: part.name,
          });
        }
      }
    }
    return verdictOf(findings, maxFindings);
  };
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
