/**
 * A task's walk: admit → profile → hold → run → guard → record → report. Each refusal on the way is a value; whatever
 * breaks is a refusal too. INVARIANT: no byte of a result leaves before its verdict and its end are on record.
 */

import { hash } from 'node:crypto';
import type { EventBody } from '../core/event.ts';
import { fact } from '../core/fact.ts';
import type { AuditSink, Clock, Egress, Lease, LeaseBook, Log, Meter, TaskAdmitter } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Guard } from '../guard/guard.ts';
import { recordOf } from '../guard/judge.ts';
import type { SecondStage } from '../guard/second-stage/second-stage.ts';
import { type BindingUsage, joinBindings } from '../isolates/bindings/binding-part.ts';
import { fetchBinding } from '../isolates/bindings/fetch-binding.ts';
import { storageBinding } from '../isolates/bindings/storage-binding.ts';
import { SessionStores } from '../isolates/bindings/value-store.ts';
import type { IsolatePool } from '../isolates/pool.ts';
import type { LogLine, TaskBindings, TaskLimits, TaskOutcome } from '../isolates/task-order.ts';
import type { Profile } from '../policy/bundle/profile.ts';
import { killOf } from '../policy/controls/control-index.ts';
import type { PolicySource } from '../policy/snapshot.ts';
import type { TaskBody, TaskReport } from './contract.ts';
import { type Fault, fault, faultOf } from './fault.ts';
import { type GuardedOutcome, guardLine, guardOutcomeTwice, type TaskGuardContext } from './guard-task.ts';
import { heldCapability } from './held-capability.ts';
import { newId } from './new-id.ts';
import { RiskSignals } from './risk.ts';
import { firstReport, TaskBook, type TaskEntry } from './task-book.ts';
import { toolBinding } from './tool-binding.ts';
import type { Tool } from './tool-file.ts';

export interface TaskParts {
  readonly issuer: TaskAdmitter;
  readonly source: PolicySource;
  readonly pool: IsolatePool;
  /** The guard in force. */
  readonly guard: () => Guard;
  /** Asked about what the rules are not sure of; absent for nobody. */
  readonly secondStage?: SecondStage | null;
  readonly audit: AuditSink;
  readonly egress: Egress;
  readonly leases: LeaseBook;
  /** What `env.tools` offers to tasks that hold the capability. */
  readonly tools?: () => ReadonlyMap<string, Tool>;
  readonly clock: Clock;
  readonly log?: Log;
  readonly meter?: Meter;
}

/** Who asks, as far as a task cares. */
export interface TaskAsker {
  readonly caller: string;
  readonly tenant: string;
  /** Guarded lines of `console` as they come. */
  readonly onLog?: (line: LogLine) => void;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

export interface TaskService {
  readonly book: TaskBook;
  submit(body: TaskBody, asker: TaskAsker): Promise<Result<TaskReport, Fault>>;
  /** How the task of an entry stands now. */
  reportOf(entry: TaskEntry): TaskReport;
  /** Ends a tenant's task of the pool; false when it does not run. */
  kill(task: string, tenant: string): boolean;
}

/** How long an admission may wait for the end of its task, to share one commit with it; nothing has left by then. */
const ADMISSION_PATIENCE_MS = 5;
/** Beyond its wall time, for waiting and guarding: its pass must outlive it. */
const PASS_SLACK_MS = 30_000;

export function createTaskService(parts: TaskParts): TaskService {
  const book = new TaskBook();
  const risk = new RiskSignals(parts.clock);
  const sessions = new SessionStores({}, () => parts.clock.now());
  return {
    book,
    reportOf: (entry) => reportNow(entry, parts),
    kill: (task, tenant) => parts.pool.kill(task, tenant),
    submit: async (body, asker) => {
      try {
        return await submit(body, asker, { ...parts, book, sessions, risk });
      } catch (error) {
        parts.log?.error({ err: error }, 'a task could not be served');
        return err(faultOf(error, parts.audit, 'nothing of this task may leave'));
      }
    },
  };
}

interface Walk extends TaskParts {
  readonly book: TaskBook;
  readonly sessions: SessionStores;
  readonly risk: RiskSignals;
}

async function submit(body: TaskBody, asker: TaskAsker, walk: Walk): Promise<Result<TaskReport, Fault>> {
  const task = body.task ?? newId('t', walk.clock.now());
  if (!walk.book.isFree(task, asker.tenant)) return err(fault('conflict', `task \`${task}\` exists; use another id`));
  const { bundle } = walk.source.current();
  const risk = walk.risk.assess(asker.tenant, body.risk, body.code);
  const admission = {
    tenant: asker.tenant,
    class: body.class ?? '',
    profile: body.profile ?? null,
    risk: risk.score,
    riskSignals: risk.signals,
    ttlMs: longestWall(bundle.profiles) + PASS_SLACK_MS,
    task,
    caller: asker.caller,
    kind: 'isolate',
  } as const;
  const { outcome, recorded } = walk.issuer.admit(admission, asker.onLog ? 0 : ADMISSION_PATIENCE_MS);
  // A task whose admission cannot be recorded ends, and `run` sees it.
  const unrecorded = { is: false };
  recorded.catch(() => {
    unrecorded.is = true;
    walk.pool.kill(task, asker.tenant);
  });
  if (!outcome.ok) {
    await recorded;
    return err(fault(outcome.error.reason, outcome.error.message, task));
  }
  const principal = outcome.value;
  const profile = bundle.profiles.get(principal.profile);
  if (!profile) return err(fault('internal_error', 'the profile went while the task was admitted; try again', task));
  const lines = { last: Promise.resolve() };
  return run({ body, asker, walk, principal, profile, recorded, unrecorded, decisions: [], lines });
}

interface Admitted {
  readonly body: TaskBody;
  readonly asker: TaskAsker;
  readonly walk: Walk;
  readonly principal: Principal;
  readonly profile: Profile;
  /** Its admission is durable. */
  readonly recorded: Promise<unknown>;
  /** Known by now not to become so. */
  readonly unrecorded: { readonly is: boolean };
  /** Ids of the decisions that its requests led to, as they come. */
  readonly decisions: string[];
  /** Done once every line of the log so far was handed on. */
  readonly lines: { last: Promise<unknown> };
}

async function run(admitted: Admitted): Promise<Result<TaskReport, Fault>> {
  const { principal, walk } = admitted;
  const lease = hold(admitted);
  if (lease === null) return err(fault('task_killed', 'the task or its tenant was stopped meanwhile', principal.task));
  setReport(admitted, { status: 'running' });
  const stop = () => walk.pool.kill(principal.task, principal.tenant);
  admitted.asker.signal?.addEventListener('abort', stop, { once: true });
  const answered = Promise.withResolvers<void>();
  try {
    const outcome = await walk.pool.run({ ...orderOf(admitted), answered: answered.promise });
    if (admitted.unrecorded.is) await admitted.recorded;
    noteRisk(admitted, outcome);
    const look = { ...guardContext(admitted), stage: walk.secondStage ?? null };
    const guarded = await guardOutcomeTwice(walk.guard(), outcome, look);
    if (guarded.verdict.action !== 'pass') walk.risk.note(principal.tenant, 'finding');
    await record(admitted, outcome, guarded);
    await admitted.lines.last;
    return ok(setReport(admitted, reportOf(outcome, guarded), guarded.bytes));
  } catch (error) {
    setReport(admitted, { status: 'failed' });
    throw error;
  } finally {
    admitted.asker.signal?.removeEventListener('abort', stop);
    lease.release();
    answered.resolve();
  }
}

const FORCED: ReadonlySet<string> = new Set(['timeout', 'cpu_exceeded', 'memory_exceeded', 'host_lost']);

function noteRisk({ walk, principal }: Admitted, { status }: TaskOutcome): void {
  if (FORCED.has(status)) walk.risk.note(principal.tenant, 'forced_end');
}

function hold({ principal, walk }: Admitted): Lease | null {
  const { task, tenant, pass } = principal;
  const cut = async () => {
    walk.pool.kill(task, tenant);
  };
  const flow = { id: newId('f', walk.clock.now()), kind: 'isolate', task, tenant, host: '' } as const;
  const facts = [fact('pass', pass), fact('task', task), fact('tenant', tenant)];
  return walk.leases.hold({ ...flow, since: walk.clock.now(), cut }, facts);
}

function orderOf(admitted: Admitted) {
  const { body, asker, principal, profile, walk, recorded, lines } = admitted;
  // Lines keep their order, however long one is looked at; one that cannot be looked at is left out.
  const onLog = (line: LogLine) => {
    const guarded = guardLine(walk.guard(), line, guardContext(admitted));
    lines.last = Promise.all([guarded, recorded, lines.last])
      .then(([fit]) => fit && asker.onLog?.(fit))
      .catch(() => undefined);
  };
  return {
    task: principal.task,
    tenant: principal.tenant,
    code: body.code,
    language: body.language,
    input: body.input?.text ?? 'null',
    limits: limitsOf(profile, body.limits),
    webassembly: profile.webassembly,
    bindings: bindingsOf(admitted),
    ...(asker.onLog && { onLog }),
  };
}

function bindingsOf({ principal, profile, walk, decisions }: Admitted): TaskBindings {
  const { egress, guard, clock, sessions } = walk;
  const usage: BindingUsage = { requests: 0, bytes: 0 };
  const onDecision = (decision: string, allowed: boolean) => {
    decisions.push(decision);
    if (!allowed) walk.risk.note(principal.tenant, 'denial');
  };
  const may = heldCapability(principal, walk, onDecision);
  const holds = (prefix: string) => principal.capabilities.some((c) => c.startsWith(prefix));
  const tools = new Map([...(walk.tools?.() ?? [])].filter(([, tool]) => holds(tool.capability)));
  const common = { egress, principal, usage, onDecision };
  return joinBindings(
    [
      fetchBinding(common),
      storageBinding({ session: () => sessions.of(principal.tenant), may, now: () => clock.now() }),
      toolBinding({ ...common, tools, may, hold: holder(principal, walk), guard, profile }),
    ],
    { storage: holds('storage.'), tools: [...tools.keys()], usage },
  );
}

/** Has what a tool is asked cut when the right to ask it ends. */
function holder({ task, tenant }: Principal, { leases, clock }: Walk) {
  return (capability: string, host: string, stop: () => void): Lease | null => {
    const cut = () => {
      stop();
      return null;
    };
    const since = clock.now();
    const flow = { id: newId('f', since), kind: 'isolate', task, tenant, host, since, cut } as const;
    return leases.hold(flow, [fact('capability', capability), fact('task', task), fact('tenant', tenant)]);
  };
}

/** What was asked for, never more than the profile gives. */
function limitsOf({ limits }: Profile, asked: TaskBody['limits']): TaskLimits {
  return {
    wall_ms: Math.min(limits.wallMs, asked.wall_ms ?? limits.wallMs),
    cpu_ms: Math.min(limits.cpuMs, asked.cpu_ms ?? limits.cpuMs),
    memory_mb: Math.max(8, Math.min(limits.memoryMb, asked.memory_mb ?? limits.memoryMb)),
    output_bytes: Math.min(limits.outputBytes, asked.output_bytes ?? limits.outputBytes),
  };
}

function guardContext({ principal, profile }: Admitted): TaskGuardContext {
  return { settings: profile.guard, tenant: principal.tenant, task: principal.task };
}

/** Both at once, with the admission where that still waits: they share a commit. */
async function record({ principal, walk, body, recorded }: Admitted, outcome: TaskOutcome, guarded: GuardedOutcome) {
  const { tenant, task, profile } = principal;
  const own = () => ({ id: newId('e', walk.clock.now()), tenant, task });
  const verdict: EventBody = {
    type: 'guard.verdict',
    ...own(),
    decision: null,
    direction: 'result',
    ...recordOf(guarded.verdict),
    rules: walk.guard().digest,
    bytes: guarded.bytes,
  };
  const finished: EventBody = {
    type: 'task.finished',
    ...own(),
    status: outcome.status,
    usage: outcome.usage,
    wall: outcome.wall,
    code_hash: hash('sha256', body.code, 'hex'),
  };
  await Promise.all([recorded, walk.audit.record(verdict), walk.audit.record(finished)]);
  walk.meter?.count('locktender_tasks_total', { status: outcome.status, profile });
}

function reportOf(outcome: TaskOutcome, guarded: GuardedOutcome): Partial<TaskReport> {
  const { status, usage, wall } = outcome;
  const result = (status === 'completed' ? guarded.result : null) as TaskReport['result'];
  const guard = { ...guarded.verdict, findings: [...guarded.verdict.findings] };
  return { status, result, error: guarded.error, guard, usage, logs: [...guarded.logs], wall };
}

/** @param said bytes of what it returned, threw and logged */
function setReport({ principal, walk, decisions }: Admitted, more: Partial<TaskReport>, said = 0): TaskReport {
  const { task, tenant, class: of, profile } = principal;
  const report = { ...firstReport({ task, tenant, class: of, profile }), decisions: [...decisions], ...more };
  walk.book.set(task, { tenant, kind: 'isolate', report, until: null }, said);
  return report;
}

/** A sandbox runs until it is killed or its pass ends. */
function reportNow({ report, until }: TaskEntry, { source, clock }: TaskParts): TaskReport {
  const now = clock.now();
  if (until === null || report.status !== 'running') return report;
  if (killOf(source.current().controls, report, now)) return { ...report, status: 'killed' };
  return until > now ? report : { ...report, status: 'completed' };
}

function longestWall(profiles: ReadonlyMap<string, Profile>): number {
  let longest = 0;
  for (const { limits } of profiles.values()) longest = Math.max(longest, limits.wallMs);
  return longest;
}
