/**
 * A tool at an MCP server, over Streamable HTTP (Model Context Protocol, revision 2025-06-18): the session is opened
 * when a task first calls a tool there, and ended with the task. Every message leaves through the egress path.
 */

import { z } from 'zod';

/** One message to the server: its answer as text that passed the guard, or why there is none. */
export type McpPost = (message: McpMessage) => Promise<McpAnswer | { readonly refused: unknown }>;

export interface McpMessage {
  readonly method: 'POST' | 'DELETE';
  readonly headers: readonly (readonly [string, string])[];
  /** Null for DELETE. */
  readonly json: string | null;
  /** Id of the request whose answer is waited for; null for a notification. */
  readonly id: number | null;
}

export interface McpAnswer {
  readonly status: number;
  readonly type: string;
  /** `mcp-session-id`, when the server gave one. */
  readonly session: string | null;
  readonly text: string;
}

export const MCP_REVISION = '2025-06-18';

const reply = z.object({
  id: z.union([z.string(), z.number()]).nullish(),
  result: z.unknown().optional(),
  // Some servers say `null` where there is none.
  error: z.object({ message: z.string() }).nullish(),
});
type Reply = z.output<typeof reply>;

const opened = z.object({ protocolVersion: z.string().max(100) });

export type McpOutcome =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly message: string }
  | { readonly refused: unknown };

export class McpSession {
  readonly #post: McpPost;
  #headers: readonly (readonly [string, string])[] | null = null;
  #opening: Promise<McpOutcome> | null = null;
  #last = 0;

  constructor(post: McpPost) {
    this.#post = post;
  }

  async callTool(name: string, args: unknown): Promise<McpOutcome> {
    for (const again of [false, true]) {
      const opening = this.#open();
      const ready = await opening;
      if (!('ok' in ready) || !ready.ok) return ready;
      const done = await this.#ask('tools/call', { name, arguments: args });
      // The server forgot the session: a new one, once.
      if (done !== 'no session' || again) return done === 'no session' ? failed('the session is not known') : done;
      // Another call may have opened one meanwhile, or be about to.
      if (this.#opening === opening) this.#opening = null;
    }
    return failed('the session is not known');
  }

  /** Best effort: a server may not want to hear of it. */
  end(): void {
    const headers = this.#headers;
    this.#headers = null;
    if (headers?.some(([name]) => name === 'mcp-session-id')) {
      this.#post({ method: 'DELETE', headers, json: null, id: null }).catch(() => undefined);
    }
  }

  /** What did not come about, also where the answer broke off, is tried anew by the next call. */
  #open(): Promise<McpOutcome> {
    this.#opening ??= this.#handshake().then(
      (outcome) => {
        if (!('ok' in outcome) || !outcome.ok) this.#opening = null;
        return outcome;
      },
      (error: unknown) => {
        this.#opening = null;
        throw error;
      },
    );
    return this.#opening;
  }

  async #handshake(): Promise<McpOutcome> {
    this.#headers = [];
    const clientInfo = { name: 'locktender', version: '1' };
    const hello = await this.#ask('initialize', { protocolVersion: MCP_REVISION, capabilities: {}, clientInfo });
    if (hello === 'no session') return failed('there is no MCP server');
    if (!('ok' in hello) || !hello.ok) return hello;
    const said = opened.safeParse(hello.result);
    if (!said.success) return failed('the server does not say which protocol it speaks');
    this.#headers = [...(this.#headers ?? []), ['mcp-protocol-version', said.data.protocolVersion]];
    const json = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });
    const noted = await this.#post({ method: 'POST', headers: this.#headers, json, id: null });
    return 'refused' in noted ? noted : hello;
  }

  async #ask(method: string, params: unknown): Promise<McpOutcome | 'no session'> {
    this.#last += 1;
    const id = this.#last;
    const headers = this.#headers ?? [];
    const json = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    const answer = await this.#post({ method: 'POST', headers, json, id });
    if ('refused' in answer) return answer;
    if (answer.status === 404) return 'no session';
    if (answer.status < 200 || answer.status > 299) return failed(`the server answered with status ${answer.status}`);
    if (method === 'initialize' && answer.session !== null) this.#headers = [['mcp-session-id', answer.session]];
    const found = replyIn(answer.text, answer.type, id);
    if (found === null) return failed('the server answered with something that is no reply');
    return found.error ? failed(found.error.message) : { ok: true, result: found.result };
  }
}

function failed(message: string): McpOutcome {
  return { ok: false, message };
}

/** The reply to a request, in a JSON body or among the events of a stream; null when it is not there. */
export function replyIn(text: string, type: string, id: number): Reply | null {
  if (type !== 'text/event-stream') return replyOf(text, id);
  const scan = new ReplyScan(id);
  scan.push(text);
  return scan.found;
}

/** Looks for a reply in an event stream that comes in pieces (HTML, server-sent events, section 9.2.6). */
export class ReplyScan {
  readonly #id: number;
  #line: string[] = [];
  /** The last piece ended with a CR: an LF that follows is of the same end. */
  #cr = false;
  #data: string[] = [];
  #found: Reply | null = null;

  constructor(id: number) {
    this.#id = id;
  }

  get found(): Reply | null {
    return this.#found;
  }

  push(text: string): void {
    if (text === '') return;
    const parts = (this.#cr && text.startsWith('\n') ? text.slice(1) : text).split(/\r\n|\r|\n/);
    this.#cr = text.endsWith('\r');
    for (const [i, part] of parts.entries()) {
      this.#line.push(part);
      if (i === parts.length - 1) return;
      this.#take(this.#line.join(''));
      this.#line = [];
    }
  }

  #take(line: string): void {
    if (line.startsWith('data:')) this.#data.push(line.slice(line[5] === ' ' ? 6 : 5));
    if (line !== '') return;
    this.#found ??= this.#data.length > 0 ? replyOf(this.#data.join('\n'), this.#id) : null;
    this.#data = [];
  }
}

function replyOf(text: string, id: number): Reply | null {
  try {
    const parsed = reply.safeParse(JSON.parse(text));
    if (!parsed.success || parsed.data.id !== id) return null;
    return parsed.data.error || 'result' in parsed.data ? parsed.data : null;
  } catch {
    return null;
  }
}
