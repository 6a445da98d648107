/** Short bodies and messages on their way out, joined with what the same task sent before (T-36). */

import type { Finding } from '../core/finding.ts';
import { GrowingBytes } from '../core/growing-bytes.ts';
import type { JoinedMatch } from '../dlp/joined.ts';
import { namedValues } from '../dlp/layers/chains.ts';
import type { BodyStream } from './body-filter.ts';
import type { GuardContext } from './guard-context.ts';
import { actionFor } from './judge.ts';
import { isForm } from './kind-of-text.ts';
import { after } from './later.ts';
import type { PartMemory } from './part-memory.ts';

/** A longer body can carry a whole secret as well, and is searched for itself. */
const LONGEST = 4096;

/** What was sent before cannot be taken back: whatever an action would have changed blocks. */
export function joinedFindings(
  matches: readonly JoinedMatch[],
  context: GuardContext,
  { path, fingerprint }: { readonly path: string | null; readonly fingerprint: (secret: Uint8Array) => string },
): Finding[] {
  return matches.map((match) => ({
    rule: match.rule.spec.id,
    info_type: match.rule.spec.info_type,
    likelihood: match.likelihood,
    // It has no place in what is sent now.
    start: 0,
    end: 0,
    action: actionFor(match, context) === 'pass' ? 'pass' : 'block',
    fingerprint: fingerprint(match.secret),
    path,
  }));
}

export function rememberingFilter(
  inner: BodyStream,
  context: GuardContext,
  { memory, fingerprint }: { readonly memory: PartMemory; readonly fingerprint: (secret: Uint8Array) => string },
): BodyStream {
  const held = new GrowingBytes();
  let size = 0;
  let findings: readonly Finding[] = [];
  const isBlocked = () => findings.some(({ action }) => action === 'block');

  const remember = (): void => {
    if (size === 0 || size > LONGEST) return;
    const values = namedValues(held.release(), { isForm: isForm(context) });
    const matches = memory.add(
      context,
      values.map(({ name, value }) => ({ name: `body ${name}`, value })),
    );
    findings = joinedFindings(matches, context, { path: null, fingerprint });
  };
  return {
    push(chunk) {
      size += chunk.length;
      if (size <= LONGEST) held.copy(chunk, LONGEST);
      else held.release();
      return inner.push(chunk);
    },
    idle: () => inner.idle(),
    end() {
      return after(inner.end(), (last) => {
        if (!inner.blocked) remember();
        return isBlocked() ? [] : last;
      });
    },
    verdict() {
      const own = inner.verdict();
      if (findings.length === 0) return own;
      return { ...own, action: isBlocked() ? 'block' : own.action, findings: [...own.findings, ...findings] };
    },
    get blocked() {
      return isBlocked() || inner.blocked;
    },
  };
}
