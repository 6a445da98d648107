/**
 * `env.tools.<name>(args)`: the arguments are checked against the tool's schema, the call leaves through the egress
 * path with the task's identity, and what comes back passes the guard before tool code sees it.
 */

import { z } from 'zod';
import type { Egress, EgressRequest } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import type { Guard } from '../guard/guard.ts';
import { type BindingPart, type BindingUsage, refusal } from '../isolates/bindings/binding-part.ts';
import type { MayUse } from '../isolates/bindings/storage-binding.ts';
import type { BindingReply } from '../isolates/task-order.ts';
import type { Profile } from '../policy/profile.ts';
import type { Tool } from './tool-file.ts';

export interface ToolBindingOptions {
  readonly tools: ReadonlyMap<string, Tool>;
  readonly may: MayUse;
  readonly egress: Egress;
  readonly guard: () => Guard;
  readonly principal: Principal;
  readonly profile: Profile;
  readonly usage: BindingUsage;
  readonly onDecision: (decision: string, allowed: boolean) => void;
}

const MAX_ANSWER = 8 * 1024 * 1024;
const order = z.object({ name: z.string().max(100), args: z.unknown() });

export function toolBinding(options: ToolBindingOptions): BindingPart {
  const ending = new AbortController();
  return {
    prefix: 'tool',
    call: async ({ args }) => {
      const asked = order.parse(args);
      const tool = options.tools.get(asked.name);
      if (!tool) return refusal('there is no such tool', 'unknown_tool');
      const barred = options.may(tool.capability);
      if (barred) return refusal(barred.message, barred.code);
      const checked = tool.args.safeParse(asked.args ?? {});
      if (!checked.success) return refusal(complaint(checked.error), 'bad_arguments');
      return invoke(tool, checked.data, { ...options, signal: ending.signal });
    },
    close: () => ending.abort(),
  };
}

interface Invocation extends ToolBindingOptions {
  readonly signal: AbortSignal;
}

async function invoke(tool: Tool, args: unknown, of: Invocation): Promise<BindingReply> {
  const { egress, principal, usage, onDecision } = of;
  usage.requests += 1;
  const answer = await egress.fetch(principal, { ...requestFor(tool, args), signal: of.signal });
  onDecision(answer.ok ? answer.value.decision : answer.error.decision, answer.ok);
  if (!answer.ok) {
    const { message, reason, decision, wouldAllow, status } = answer.error;
    const more = { code: reason, decision, would_allow: wouldAllow, status };
    return { ok: false, error: { name: 'TypeError', message, ...more } };
  }
  const { status, body } = answer.value;
  const text = await guarded(body, tool, of);
  if (typeof text !== 'string') return text;
  if (status < 200 || status > 299) return refusal(`the tool answered with status ${status}`, 'tool_failed');
  return answerOf(tool, text);
}

function requestFor(tool: Tool, args: unknown): Omit<EgressRequest, 'signal'> {
  const accept = ['accept', 'application/json'] as const;
  if (tool.kind === 'http' && tool.readOnly) {
    const url = new URL(tool.url);
    url.searchParams.set('args', JSON.stringify(args));
    return { method: 'GET', url: url.href, headers: [accept], body: null };
  }
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool.remoteName, arguments: args } };
  const text = JSON.stringify(tool.kind === 'mcp' ? call : args);
  const headers = [accept, ['content-type', 'application/json']] as const;
  return { method: 'POST', url: tool.url, headers, body: once(Buffer.from(text)) };
}

/** The whole answer, as the guard left it; a refusal when it may not pass or is too large. */
async function guarded(body: AsyncIterable<Uint8Array>, tool: Tool, of: Invocation): Promise<string | BindingReply> {
  const { tenant, task } = of.principal;
  const filter = of.guard().filter({
    ...{ direction: 'result', settings: of.profile.guard, tenant, task, tool: tool.name },
    ...{ host: new URL(tool.url).hostname, contentType: 'application/json', contentEncoding: '' },
  });
  const out: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    of.usage.bytes += piece.length;
    if (size > MAX_ANSWER) return refusal(`the tool answered with more than ${MAX_ANSWER} bytes`, 'tool_failed');
    out.push(...filter.push(piece));
  }
  out.push(...filter.end());
  if (filter.blocked) return refusal('the guard blocked the answer of the tool', 'guard_blocked');
  return Buffer.concat(out).toString('utf8');
}

const mcpAnswer = z.object({
  result: z
    .object({
      content: z.array(z.unknown()).optional(),
      structuredContent: z.unknown(),
      isError: z.boolean().optional(),
    })
    .optional(),
  error: z.object({ message: z.string() }).optional(),
});

function answerOf({ kind }: Tool, text: string): BindingReply {
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    return refusal('the tool answered with something that is no JSON', 'tool_failed');
  }
  if (kind === 'http') return { ok: true, value };
  const { result, error } = mcpAnswer.parse(value);
  if (error || !result || result.isError) return refusal(error?.message ?? 'the tool failed', 'tool_failed');
  return { ok: true, value: result.structuredContent ?? result.content ?? null };
}

function complaint(error: z.ZodError): string {
  const [issue] = error.issues;
  return `the arguments do not fit the tool: \`${issue?.path.join('.') ?? ''}\` ${issue?.message ?? ''}`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
