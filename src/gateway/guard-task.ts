/** The result of a task through the guard: what it returned, logged and threw. None of it goes on unseen. */

import type { Finding, Verdict } from '../core/finding.ts';
import type { Guard } from '../guard/guard.ts';
import type { GuardContext } from '../guard/guard-context.ts';
import { whyBlocked } from '../guard/judge.ts';
import type { SecondStage } from '../guard/second-stage/second-stage.ts';
import type { LogLine, TaskOutcome } from '../isolates/task-order.ts';

export interface GuardedOutcome {
  /** JSON value; null when blocked. */
  readonly result: unknown;
  readonly error: TaskOutcome['error'];
  readonly logs: readonly LogLine[];
  readonly verdict: Verdict;
  /** Bytes that were scanned. */
  readonly bytes: number;
}

export type TaskGuardContext = Pick<GuardContext, 'settings' | 'tenant' | 'task' | 'doubts'>;

const NOTHING_SAID = {
  blocked: false,
  text: '{"error":null,"logs":[]}',
  verdict: { action: 'pass', findings: [], more: 0 },
  bytes: 0,
} as const;
const BLOCKED = {
  guard_blocked: 'the guard found something in the result that may not pass; see the findings',
  guard_unscannable: 'more is encoded in the result than the guard looks into; return it decoded, or less of it',
} as const;

async function guardOutcome(guard: Guard, outcome: TaskOutcome, context: TaskGuardContext): Promise<GuardedOutcome> {
  const result = await guardText(guard, outcome.result ?? 'null', { ...context, type: 'application/json' });
  const quiet = outcome.error === null && outcome.logs.length === 0;
  const around = quiet
    ? NOTHING_SAID
    : await guardText(guard, JSON.stringify({ error: outcome.error, logs: outcome.logs }), {
        ...context,
        type: 'application/json',
      });
  const verdict = joinVerdicts(result.verdict, around.verdict);
  const value = result.blocked ? undefined : parsed(result.text);
  const said = (around.blocked ? undefined : parsed(around.text)) as Pick<TaskOutcome, 'error' | 'logs'> | undefined;
  const stopped = value === undefined;
  return {
    result: stopped ? null : value,
    error: stopped ? blockedFault(result.verdict) : (said?.error ?? (outcome.error && blockedFault(around.verdict))),
    logs: said?.logs ?? [],
    verdict: stopped ? { ...verdict, action: 'block' } : verdict,
    bytes: result.bytes + around.bytes,
  };
}

/** The same, with the second stage asked about what is uncertain where there is one. */
export async function guardOutcomeTwice(
  guard: Guard,
  outcome: TaskOutcome,
  { stage, ...context }: TaskGuardContext & { readonly stage: SecondStage | null },
): Promise<GuardedOutcome> {
  if (!stage) return guardOutcome(guard, outcome, context);
  const { looked, said } = await stage.look((doubts) => guardOutcome(guard, outcome, { ...context, doubts }));
  return { ...looked, verdict: { ...looked.verdict, ...said } };
}

/** One line of a log that is streamed; null when it may not pass. */
export async function guardLine(guard: Guard, line: LogLine, context: TaskGuardContext): Promise<LogLine | null> {
  const { blocked, text } = await guardText(guard, line.text, {
    ...context,
    type: line.level === 'part' ? 'application/json' : 'text/plain',
  });
  return blocked ? null : { level: line.level, text };
}

function joinVerdicts(a: Verdict, b: Verdict): Verdict {
  const findings: readonly Finding[] = [...a.findings, ...b.findings];
  const order = ['pass', 'redact', 'block'] as const;
  const action = order.indexOf(a.action) > order.indexOf(b.action) ? a.action : b.action;
  const unread = a.unread ?? b.unread;
  return { action, findings, more: a.more + b.more, ...(unread && { unread }) };
}

async function guardText(guard: Guard, text: string, context: TaskGuardContext & { readonly type: string }) {
  const { type, ...rest } = context;
  const filter = guard.stream({ ...rest, direction: 'result', host: '', contentType: type, contentEncoding: '' });
  const bytes = Buffer.from(text, 'utf8');
  const first = await filter.push(bytes);
  const out = [...first, ...(await filter.end())];
  return {
    blocked: filter.blocked,
    text: filter.blocked ? '' : Buffer.concat(out).toString('utf8'),
    verdict: filter.verdict(),
    bytes: bytes.length,
  };
}

/** Undefined when redaction left something that is no JSON: then nothing of it may pass. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function blockedFault(verdict: Verdict): NonNullable<TaskOutcome['error']> {
  const code = whyBlocked(verdict);
  return { name: 'Error', message: BLOCKED[code], stack: '', code };
}
