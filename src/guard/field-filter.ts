/**
 * Fields of an answer: what is found in a value is replaced as in a body (T-36). Numbers and names that could be somebody's are
 * left alone, since counters and ids of requests look like them and a client goes by those.
 */

import type { Finding, Verdict } from '../core/finding.ts';
import { addAll } from '../core/large-lists.ts';
import type { LayeredScan } from '../dlp/scan-layers.ts';
import type { BodyFilter } from './body-filter.ts';
import type { GuardContext } from './guard-context.ts';
import { verdictOf } from './judge.ts';

export type Field = readonly [name: string, value: string];

export interface FieldOutcome {
  readonly fields: readonly Field[];
  /** Null where nothing was found. */
  readonly verdict: Verdict | null;
}

export interface FieldSearch {
  readonly searched: (view: Buffer, context: GuardContext) => LayeredScan;
  readonly isOurs: (secret: Buffer) => boolean;
  readonly filter: (context: GuardContext) => BodyFilter;
  readonly maxFindings: number;
}

/** Values are Latin-1, a character a byte. */
export function filteredFields(fields: readonly Field[], context: GuardContext, search: FieldSearch): FieldOutcome {
  const findings: Finding[] = [];
  let [isUnread, isBlocked] = [false, false];
  const out = fields.map((field) => {
    const [name, value] = field;
    const view = Buffer.from(value, 'latin1');
    if (!holdsAny(view, context, search)) return field;
    const filter = search.filter({ ...context, contentType: 'text/plain', contentEncoding: '' });
    const left = Buffer.concat([...filter.push(view), ...filter.end()]);
    const verdict = filter.verdict();
    isUnread ||= verdict.unread === true;
    isBlocked ||= isUnread && filter.blocked;
    addAll(
      findings,
      verdict.findings.map((finding) => ({ ...finding, path: name.toLowerCase() })),
    );
    return [name, left.toString('latin1')] as const;
  });
  const verdict = verdictOf(findings, search.maxFindings);
  if (isUnread) return { fields: out, verdict: { ...verdict, ...(isBlocked && { action: 'block' }), unread: true } };
  return findings.length === 0 ? { fields, verdict: null } : { fields: out, verdict };
}

function holdsAny(view: Buffer, context: GuardContext, { searched, isOurs }: FieldSearch): boolean {
  const { found, isWhole } = searched(view, context);
  return !isWhole || found.some(({ rule, secret }) => rule.spec.kind !== 'pii' && !isOurs(secret));
}
