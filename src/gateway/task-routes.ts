/** `POST /v1/tasks`, `GET` and `DELETE /v1/tasks/{id}`. */

import { whyNotChanged } from '../core/controls.ts';
import type { ControlPlane, LiveTask } from '../core/ports.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { LogLine } from '../isolates/task-order.ts';
import { callerKey } from './callers.ts';
import { type TaskBody, type TaskReport, taskOrder } from './contract.ts';
import { answerFault, answerJson, type GatewayExchange, openStream, readJson, tenantFor } from './exchange.ts';
import { type Fault, fault, faultDocument } from './fault.ts';
import { firstReport, type TaskEntry } from './task-book.ts';
import type { TaskAsker, TaskService } from './tasks.ts';

export interface TaskRouteParts {
  readonly tasks: TaskService;
  /** Kills a task everywhere: its pass, its flows, its isolate. */
  readonly control: ControlPlane | null;
  /** Tasks that live under an id, of whichever tenant. */
  readonly named: (task: string) => readonly LiveTask[];
}

/** A pass never lives longer than a day, so nor need the mark of a killed task. */
const KILL_FOR_MS = 86_400_000;

export async function submitTask(exchange: GatewayExchange, { tasks }: TaskRouteParts): Promise<void> {
  const { response, caller } = exchange;
  const body = await readJson(exchange, taskOrder);
  if (!body.ok) return answerFault(response, body.error);
  const tenant = tenantFor(caller, body.value.tenant);
  if (!tenant.ok) return answerFault(response, tenant.error);
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const asker = { caller: caller.id, tenant: tenant.value, signal: gone.signal };
  if (body.value.stream) await streamed(exchange, tasks, { body: body.value, asker });
  else answerReport(exchange, await once(exchange, { body: body.value, asker }, (as) => tasks.submit(body.value, as)));
}

interface Order {
  readonly body: TaskBody;
  readonly asker: TaskAsker & { readonly signal: AbortSignal };
}

/** With an `Idempotency-Key`, the same order runs once, and is answered alike. */
function once(
  { request, caller, memory }: GatewayExchange,
  { body, asker }: Order,
  run: (asker: TaskAsker) => Promise<Result<TaskReport, Fault>>,
): Promise<Result<TaskReport, Fault>> {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return run(asker);
  if (typeof key !== 'string' || key === '' || key.length > 200) {
    return Promise.resolve(err(fault('bad_request', 'the idempotency key has to be of 1 to 200 characters')));
  }
  const asked = { key: JSON.stringify([callerKey(caller), key]), body: JSON.stringify(body) };
  return memory.once({ ...asked, gone: asker.signal }, (nobody) => run({ ...asker, signal: nobody }));
}

function answerReport({ response }: GatewayExchange, report: Result<TaskReport, Fault>): void {
  if (report.ok) answerJson(response, report.value);
  else answerFault(response, report.error);
}

/** `progress` and `part` are values that the tool gave, unless the guard left no JSON of them. */
function sayLine(line: LogLine, say: (event: string, data: unknown) => void): void {
  const value = line.level === 'progress' || line.level === 'part' ? parsed(line.text) : undefined;
  if (value === undefined) say('log', line);
  else say(line.level, value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Server-sent events: each guarded line of `console`, report of progress and part of a result as it comes, then the report. */
async function streamed(exchange: GatewayExchange, tasks: TaskService, order: Order): Promise<void> {
  const { response } = exchange;
  const say = (event: string, data: unknown) => {
    if (!response.headersSent) openStream(response, 'text/event-stream');
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const onLog = (line: LogLine) => sayLine(line, say);
  const report = await once(exchange, order, (asker) => tasks.submit(order.body, { ...asker, onLog }));
  if (!report.ok && !response.headersSent) return answerFault(response, report.error);
  if (report.ok) say('result', report.value);
  else say('fault', faultDocument(report.error));
  response.end();
}

export function showTask({ response, caller, id }: GatewayExchange, parts: TaskRouteParts): void {
  const entry = entryOf(id, caller, parts);
  if (entry) answerJson(response, parts.tasks.reportOf(entry));
  else answerFault(response, unknownTask(id));
}

export async function killTask(exchange: GatewayExchange, parts: TaskRouteParts): Promise<void> {
  const { response, caller, id } = exchange;
  const entry = entryOf(id, caller, parts);
  if (!entry) return answerFault(response, unknownTask(id));
  const { status } = parts.tasks.reportOf(entry);
  if (status !== 'running') return answerJson(response, { task: id, status });
  const killed = await kill(id, { ...parts, entry, by: caller.id });
  if (killed.ok) answerJson(response, { task: id, status: 'killed' });
  else answerFault(response, killed.error);
}

interface Killing extends TaskRouteParts {
  readonly entry: TaskEntry;
  readonly by: string;
}

/** Of its tenant alone: others choose ids as they like too. */
async function kill(task: string, { tasks, control, entry, by }: Killing): Promise<Result<null, Fault>> {
  const { tenant } = entry;
  const action = { do: 'task.kill', task, tenant } as const;
  const done = await control?.apply({ action, by, why: 'killed by its caller', forMs: KILL_FOR_MS });
  if (done?.ok === false) return err(fault('conflict', whyNotChanged(done.error), task));
  if (entry.kind === 'isolate') tasks.kill(task, tenant);
  // One of before a start is not remembered here, and another tenant's may be.
  else if (tasks.book.isFree(task, tenant)) {
    tasks.book.set(task, { ...entry, report: { ...entry.report, status: 'killed' } });
  }
  return ok(null);
}

/** The caller's own before what else it may see. Of this appliance's memory; else, a sandbox that a pass of before its start still holds for. */
function entryOf(id: string, caller: Seer, { tasks, named }: TaskRouteParts): TaskEntry | null {
  const entry = visible(tasks.book.get(id), caller);
  if (entry?.tenant === caller.tenant) return entry;
  const visibles = named(id).filter((task) => task.kind === 'sandbox' && visible(task, caller));
  const own = visibles.find(({ tenant }) => tenant === caller.tenant);
  if (entry && !own) return entry;
  const before = own ?? visibles[0];
  if (!before) return null;
  const { tenant, class: name, profile, until } = before;
  return { tenant, kind: 'sandbox', report: firstReport({ task: id, tenant, class: name, profile }), until };
}

interface Seer {
  readonly tenant: string;
  readonly anyTenant: boolean;
}

/** Another tenant's task is as unknown as none. */
function visible<T extends { readonly tenant: string }>(entry: T | null, caller: Seer): T | null {
  return entry !== null && (caller.anyTenant || entry.tenant === caller.tenant) ? entry : null;
}

function unknownTask(id: string): Fault {
  return fault('not_found', 'no task of this tenant has this id', id.slice(0, 100));
}
