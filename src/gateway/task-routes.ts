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
  const body = await readJson(exchange, taskOrder, { free: 'input' });
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

export function showTask(exchange: GatewayExchange, parts: TaskRouteParts): void {
  const { response } = exchange;
  const entry = entryOf(exchange, parts);
  if (entry.ok) answerJson(response, parts.tasks.reportOf(entry.value));
  else answerFault(response, entry.error);
}

export async function killTask(exchange: GatewayExchange, parts: TaskRouteParts): Promise<void> {
  const { response, caller, id } = exchange;
  const entry = entryOf(exchange, parts);
  if (!entry.ok) return answerFault(response, entry.error);
  const { status } = parts.tasks.reportOf(entry.value);
  if (status !== 'running') return answerJson(response, { task: id, status });
  const killed = await kill(id, { ...parts, entry: entry.value, by: caller.id });
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
  // A member of a fleet changes no controls, but an isolate of its own it can end.
  if (done?.ok === false && entry.kind !== 'isolate') return err(fault('conflict', whyNotChanged(done.error), task));
  if (entry.kind === 'isolate') tasks.kill(task, tenant);
  // A sandbox of before a start is remembered from now on, unless an isolate runs under its id.
  else if (tasks.book.isFree(task, tenant)) {
    tasks.book.set(task, { ...entry, report: { ...entry.report, status: 'killed' } });
  }
  return ok(null);
}

/**
 * The task that the caller means: its own, else the only one that it may see, else whose it says. Of this appliance's memory, and
 * of the sandboxes that passes hold for that were issued elsewhere or before its start.
 */
function entryOf({ id, caller, query }: GatewayExchange, parts: TaskRouteParts): Result<TaskEntry, Fault> {
  const asked = query.get('tenant') ?? undefined;
  const tenant = tenantFor(caller, asked);
  if (!tenant.ok) return tenant;
  const own = entryOfTenant(id, tenant.value, parts);
  if (own) return ok(own);
  // Another tenant's task is as unknown as none.
  if (asked !== undefined || !caller.anyTenant) return err(unknownTask(id));
  const tenants = new Set([...parts.tasks.book.named(id), ...parts.named(id)].map((task) => task.tenant));
  const found = [...tenants].flatMap((name) => entryOfTenant(id, name, parts) ?? []);
  if (found.length > 1)
    return err(fault('conflict', 'several tenants have a task of this id; name one by `?tenant=`', id));
  return found[0] ? ok(found[0]) : err(unknownTask(id));
}

/** What runs now before what ended: a sandbox may live under the id of an isolate of before. */
function entryOfTenant(id: string, tenant: string, { tasks, named }: TaskRouteParts): TaskEntry | null {
  const entry = tasks.book.get(id, tenant);
  const isOver = entry === null || (entry.kind === 'isolate' && entry.report.status !== 'running');
  const passIsOver = entry?.kind === 'sandbox' && tasks.reportOf(entry).status === 'completed';
  if (!isOver && !passIsOver) return entry;
  const live = named(id).find((task) => task.kind === 'sandbox' && task.tenant === tenant);
  if (!live) return entry;
  const { class: name, profile, until } = live;
  return { tenant, kind: 'sandbox', report: firstReport({ task: id, tenant, class: name, profile }), until };
}

function unknownTask(id: string): Fault {
  return fault('not_found', 'no task of this tenant has this id', id.slice(0, 100));
}
