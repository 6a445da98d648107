/** Candidates → actions → verdict: rule, direction and profile together. */

import { type Finding, type GuardAction, LIKELIHOODS, type Verdict } from '../core/finding.ts';
import type { Candidate } from '../dlp/scan.ts';
import type { GuardContext } from './guard-context.ts';

/** What is done about one candidate. `observe`, an ignored rule or a low likelihood turn it into `pass`. */
export function actionFor(
  { rule, likelihood, secret }: Candidate & { readonly secret: Uint8Array },
  { direction, settings, doubts }: GuardContext,
): GuardAction {
  if (settings[direction] === 'observe') return 'pass';
  if (settings.ignore.includes(rule.spec.id) || settings.ignore.includes(rule.spec.info_type)) return 'pass';
  const action = rule.spec.actions[direction];
  if (action === 'pass' || LIKELIHOODS.indexOf(likelihood) >= LIKELIHOODS.indexOf(settings.minLikelihood))
    return action;
  // Only what a confirmation would change is doubted.
  return doubts?.isConfirmed({ rule: rule.spec, secret, likelihood }) ? action : 'pass';
}

/** Why something goes no further: for what was found in it, or because not all of it could be looked at. */
export function whyBlocked({ findings, unread }: Verdict): 'guard_blocked' | 'guard_unscannable' {
  if (findings.some(({ action }) => action === 'block')) return 'guard_blocked';
  return unread === true || findings.length === 0 ? 'guard_unscannable' : 'guard_blocked';
}

/** What a record says of a verdict. */
export function recordOf({ action, findings, more, second_stage, unread }: Verdict) {
  return { action, findings, more, ...(second_stage && { second_stage }), ...(unread && { unread }) };
}

/** Whether there is anything to record: what nobody looked at does not pass without a trace. */
export function isRemarkable({ action, findings, unread }: Verdict): boolean {
  return findings.length > 0 || action !== 'pass' || unread === true;
}

/** Whether what cannot be looked into within bounds may pass all the same. */
export function mayPassUnread({ direction, settings }: GuardContext): boolean {
  return settings.unscannable === 'pass' || settings[direction] === 'observe';
}

/** Caps the list and names the strictest thing that was done. */
export function verdictOf(findings: readonly Finding[], max: number, unlisted = 0): Verdict {
  const blocked = findings.some((f) => f.action === 'block');
  const changed = findings.some((f) => f.action !== 'pass');
  return {
    action: blocked ? 'block' : changed ? 'redact' : 'pass',
    findings: findings.slice(0, max),
    more: Math.max(0, findings.length - max) + unlisted,
  };
}
