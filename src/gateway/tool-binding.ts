/**
 * `env.tools.<name>(args)`: the arguments are checked against the tool's schema, the call leaves through the egress
 * path with the task's identity, and what comes back passes the guard before tool code sees it.
 */

import { z } from 'zod';
import type { Egress, EgressRequest, Lease } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import type { Guard } from '../guard/guard.ts';
import { whyBlocked } from '../guard/judge.ts';
import { type BindingPart, type BindingUsage, refusal } from '../isolates/bindings/binding-part.ts';
import type { MayUse } from '../isolates/bindings/storage-binding.ts';
import type { BindingReply } from '../isolates/task-order.ts';
import type { Profile } from '../policy/bundle/profile.ts';
import { type McpAnswer, type McpMessage, type McpOutcome, McpSession, ReplyScan } from './mcp-session.ts';
import type { Tool } from './tool-file.ts';
import { Turns } from './turns.ts';

export interface ToolBindingOptions {
  readonly tools: ReadonlyMap<string, Tool>;
  readonly may: MayUse;
  /** Has a call cut when its capability ends; null when that has ended already. */
  readonly hold: (capability: string, host: string, cut: () => void) => Lease | null;
  readonly egress: Egress;
  readonly guard: () => Guard;
  readonly principal: Principal;
  readonly profile: Profile;
  readonly usage: BindingUsage;
  readonly onDecision: (decision: string, allowed: boolean) => void;
}

const MAX_ANSWER = 8 * 1024 * 1024;
/** Calls of one task that are under way; each may hold an answer of that size. */
const MOST_AT_ONCE = 16;
/** How long the end of a task waits for a server to hear that its session is over. */
const FAREWELL_MS = 2000;
const order = z.object({ name: z.string().max(100), args: z.unknown() });

export function toolBinding(options: ToolBindingOptions): BindingPart {
  let isOver = false;
  let ending: AbortController | null = null;
  // Most tasks ask no tool.
  const untilOver = (): AbortSignal => {
    ending ??= new AbortController();
    if (isOver) ending.abort(OVER);
    return ending.signal;
  };
  const lines = new Map<string, Line>();
  const turns = new Turns(MOST_AT_ONCE);
  const lineTo = (tool: Tool): Line => {
    const line = lines.get(tool.name) ?? newLine(tool, options, untilOver());
    lines.set(tool.name, line);
    return line;
  };
  const hangUp = (tool: Tool) => {
    const line = lines.get(tool.name);
    lines.delete(tool.name);
    line?.session?.end();
    line?.cut.abort(CUT);
  };
  const called = async (tool: Tool, args: unknown): Promise<BindingReply> => {
    const lease = options.hold(tool.capability, new URL(tool.url).hostname, () => hangUp(tool));
    if (lease === null) return ABORTED;
    try {
      const { invocation, session } = lineTo(tool);
      return session === null
        ? await invoke(tool, args, invocation)
        : mcpReply(await session.callTool(tool.remoteName, args));
    } catch {
      return ABORTED;
    } finally {
      lease.release();
    }
  };
  const barred = async ({ capability }: Tool): Promise<BindingReply | null> => {
    const why = await options.may(capability);
    return why && refusal(why.message, why.code, why.decision);
  };
  return {
    prefix: 'tool',
    call: async ({ args }) => {
      const asked = order.parse(args);
      const tool = options.tools.get(asked.name);
      if (!tool) return refusal('there is no such tool', 'unknown_tool');
      const refused = await barred(tool);
      if (refused) return refused;
      const checked = tool.args.safeParse(asked.args ?? {});
      if (!checked.success) return refusal(complaint(checked.error), 'bad_arguments');
      await turns.take();
      try {
        const reply = await called(tool, checked.data);
        // What was taken away meanwhile gives no answer any more.
        return isOver ? ABORTED : ((await barred(tool)) ?? reply);
      } finally {
        turns.give();
      }
    },
    close: () => {
      for (const { session } of lines.values()) session?.end();
      lines.clear();
      isOver = true;
      ending?.abort(OVER);
    },
  };
}

/** The way to one tool: for as long as its capability is held. */
interface Line {
  readonly cut: AbortController;
  readonly invocation: Invocation;
  /** Null for a tool that is asked by plain HTTP. */
  readonly session: McpSession | null;
}

function newLine(tool: Tool, options: ToolBindingOptions, ending: AbortSignal): Line {
  const cut = new AbortController();
  const invocation = { ...options, signal: AbortSignal.any([ending, cut.signal]) };
  const session = tool.kind === 'mcp' ? new McpSession((message) => post(tool, message, invocation)) : null;
  return { cut, invocation, session };
}

const ABORTED = refusal('the call was cut off', 'aborted');
/** Said to calls whose capability ended. */
const CUT = new Error('the capability has ended');

/** Said to what is under way when a task ends; without a reason given, one with a stack trace is made for each task. */
const OVER = new Error('the task is over');

interface Invocation extends ToolBindingOptions {
  readonly signal: AbortSignal;
}

async function invoke(tool: Tool, args: unknown, of: Invocation): Promise<BindingReply> {
  const sent = await send(tool, requestFor(tool, args), of);
  if ('refused' in sent) return sent.refused;
  const text = await guarded(sent.body, tool, { ...of, type: 'application/json', id: null });
  if (typeof text !== 'string') return text;
  if (sent.status < 200 || sent.status > 299)
    return refusal(`the tool answered with status ${sent.status}`, 'tool_failed');
  try {
    JSON.parse(text);
    return { ok: true, json: text };
  } catch {
    return refusal('the tool answered with something that is no JSON', 'tool_failed');
  }
}

interface Sent {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: AsyncIterable<Uint8Array>;
}

async function send(
  tool: Tool,
  request: Omit<EgressRequest, 'signal' | 'url'> & { readonly url?: string },
  { egress, principal, usage, onDecision, signal }: Invocation,
): Promise<Sent | { readonly refused: BindingReply }> {
  usage.requests += 1;
  const answer = await egress.fetch(principal, { url: tool.url, ...request, signal });
  onDecision(answer.ok ? answer.value.decision : answer.error.decision, answer.ok);
  if (answer.ok) return answer.value;
  const { message, reason, decision, wouldAllow, status } = answer.error;
  const more = { code: reason, decision, would_allow: wouldAllow, status };
  return { refused: { ok: false, error: { name: 'TypeError', message, ...more } } };
}

function requestFor(tool: Tool, args: unknown): Omit<EgressRequest, 'signal'> {
  const accept = ['accept', 'application/json'] as const;
  if (tool.readOnly) {
    const url = new URL(tool.url);
    url.searchParams.set('args', JSON.stringify(args));
    return { method: 'GET', url: url.href, headers: [accept], body: null };
  }
  const headers = [accept, ['content-type', 'application/json']] as const;
  return { method: 'POST', url: tool.url, headers, body: once(Buffer.from(JSON.stringify(args))) };
}

async function post(
  tool: Tool,
  { method, headers, json, id }: McpMessage,
  of: Invocation,
): Promise<McpAnswer | { readonly refused: unknown }> {
  const body = json === null ? null : once(Buffer.from(json));
  const types = [
    ['accept', 'application/json, text/event-stream'],
    ['content-type', 'application/json'],
  ] as const;
  // The farewell goes when the task is over already.
  const signal = method === 'DELETE' ? AbortSignal.timeout(FAREWELL_MS) : of.signal;
  const message = { method, headers: [...types, ...headers], body, readOnlyTool: tool.readOnly };
  const sent = await send(tool, message, { ...of, signal });
  if ('refused' in sent) return sent;
  const field = (wanted: string) => sent.headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? null;
  const type = (field('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const text = await guarded(sent.body, tool, { ...of, type, id });
  if (typeof text !== 'string') return { refused: text };
  return { status: sent.status, type, session: field('mcp-session-id'), text };
}

interface Reading extends Invocation {
  readonly type: string;
  /** Of an event stream, nothing after the reply to this is waited for. */
  readonly id: number | null;
}

/** The whole answer, as the guard left it; a refusal when it may not pass or is too large. */
async function guarded(body: AsyncIterable<Uint8Array>, tool: Tool, of: Reading): Promise<string | BindingReply> {
  const { tenant, task } = of.principal;
  const filter = of.guard().stream({
    ...{ direction: 'result', settings: of.profile.guard, tenant, task, tool: tool.name },
    ...{ host: new URL(tool.url).hostname, contentType: of.type, contentEncoding: '' },
  });
  const out: Uint8Array[] = [];
  const scan = of.id !== null && of.type === 'text/event-stream' ? new ReplyScan(of.id) : null;
  const text = new TextDecoder();
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    of.usage.bytes += piece.length;
    if (size > MAX_ANSWER) return refusal(`the tool answered with more than ${MAX_ANSWER} bytes`, 'tool_failed');
    out.push(...(await filter.push(piece)));
    scan?.push(text.decode(piece, { stream: true }));
    if (scan?.found) break;
  }
  out.push(...(await filter.end()));
  if (filter.blocked) return refusal('the guard blocked the answer of the tool', whyBlocked(filter.verdict()));
  return Buffer.concat(out).toString('utf8');
}

const toolResult = z.object({
  content: z.array(z.unknown()).optional(),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});

function mcpReply(outcome: McpOutcome): BindingReply {
  if ('refused' in outcome) return outcome.refused as BindingReply;
  if (!outcome.ok) return refusal(outcome.message, 'tool_failed');
  const parsed = toolResult.safeParse(outcome.result);
  if (!parsed.success) return refusal('the tool answered with something that is no result', 'tool_failed');
  const { content, structuredContent, isError } = parsed.data;
  if (isError) return refusal(textOf(content) || 'the tool failed', 'tool_failed');
  return { ok: true, value: structuredContent ?? content ?? null };
}

function textOf(content: readonly unknown[] | undefined): string {
  const texts = (content ?? []).map((part) => (part as { text?: unknown } | null)?.text);
  return texts
    .filter((text) => typeof text === 'string')
    .join('\n')
    .slice(0, 4096);
}

function complaint(error: z.ZodError): string {
  const [issue] = error.issues;
  return `the arguments do not fit the tool: \`${issue?.path.join('.') ?? ''}\` ${issue?.message ?? ''}`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
