/** The admin API, by the types of its contract. The token lives in this tab only and goes out in a header, never a cookie. */

import type { Fault } from '../admin/contract/fault-codes.ts';
import type { AnswerOf, RouteId } from '../admin/contract.ts';

const KEY = 'locktender-token';

export class ApiFault extends Error {
  readonly status: number;
  /** What the appliance said of it; null when it said nothing. */
  readonly said: Partial<Fault> | null;
  constructor(status: number, message: string, said: Partial<Fault> | null = null) {
    super(message);
    this.status = status;
    this.said = said;
  }
}

export const session = {
  get token(): string | null {
    return sessionStorage.getItem(KEY);
  },
  enter(token: string): void {
    sessionStorage.setItem(KEY, token);
  },
  leave(): void {
    sessionStorage.removeItem(KEY);
  },
};

/** Whether the appliance answered last; told whenever that changes. */
export const connection = {
  up: true,
  listeners: new Set<(up: boolean) => void>(),
  tell(up: boolean): void {
    if (connection.up === up) return;
    connection.up = up;
    for (const listener of connection.listeners) listener(up);
  },
};

export interface Call {
  readonly method?: 'GET' | 'POST';
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  /** Version of the controls that the operator has seen: a change on top of another is refused. */
  readonly seen?: number;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `ask<'categoryList'>('/v1/categories')`. Throws an `ApiFault` with what the appliance said. */
export async function ask<K extends RouteId>(path: string, call: Call = {}): Promise<AnswerOf<K>> {
  const response = await send(path, call);
  return (await response.json()) as AnswerOf<K>;
}

export function post<K extends RouteId>(path: string, body: unknown, more: Call = {}): Promise<AnswerOf<K>> {
  return ask<K>(path, { ...more, method: 'POST', body });
}

export async function send(path: string, call: Call): Promise<Response> {
  const { method = 'GET', query = {}, body, seen, signal, headers = {} } = call;
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const response = await fetch(url, {
    method,
    headers: {
      ...headers,
      ...(session.token === null ? {} : { authorization: `Bearer ${session.token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(seen === undefined ? {} : { 'if-match': `"controls-${seen}"` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
    redirect: 'error',
  }).catch(() => {
    if (!signal?.aborted) connection.tell(false);
    throw new ApiFault(0, 'the appliance does not answer');
  });
  connection.tell(true);
  if (response.ok) return response;
  const said = (await response.json().catch(() => null)) as Partial<Fault> | null;
  const message = said?.detail ?? said?.title ?? `the appliance answered ${response.status}`;
  throw new ApiFault(response.status, message, said);
}

export interface Following {
  readonly entry: (entry: unknown) => void;
  readonly state: (live: boolean) => void;
  /** Only what was recorded after this sequence number; null: from now on. */
  readonly after: number | null;
  readonly query?: Readonly<Record<string, string>>;
}

/** Events as they come; resumes behind the last one after a lost connection, and says when it is lost. */
export async function follow(path: string, signal: AbortSignal, on: Following): Promise<void> {
  let last = on.after;
  let wait = 500;
  while (!signal.aborted) {
    try {
      const response = await send(path, { signal, query: { ...on.query, ...(last === null ? {} : { after: last }) } });
      on.state(true);
      wait = 500;
      await eachEvent(response, (entry) => {
        last = (entry as { seq: number }).seq;
        on.entry(entry);
      });
    } catch (error) {
      if (error instanceof ApiFault && (error.status === 401 || error.status === 403)) throw error;
    }
    if (signal.aborted) return;
    on.state(false);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, 10_000);
  }
}

/**
 * The appliance says every ten seconds that it is there. A stream that is silent for longer is one whose other end went away
 * without a word, which a browser takes many minutes to see; the page would say "connected" all the while.
 */
const SILENT_MS = 35_000;

/** Until the stream ends, or is silent. */
async function eachEvent(response: Response, on: (entry: unknown) => void): Promise<void> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const giveUp = () => void reader.cancel();
  let silence = setTimeout(giveUp, SILENT_MS);
  let held = '';
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(silence);
      silence = setTimeout(giveUp, SILENT_MS);
      held += piece.value;
      const blocks = held.split('\n\n');
      held = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = block.split('\n').filter((line) => line.startsWith('data:'));
        if (data.length > 0) on(JSON.parse(data.map((line) => line.slice(5).trimStart()).join('\n')));
      }
    }
  } finally {
    // Also of a stream that broke off: there is nothing to give up, and trying to fails.
    clearTimeout(silence);
  }
}
