/** The admin API, by the types of its contract. The token lives in this tab only and goes out in a header, never a cookie. */

import type { AnswerOf, RouteId } from '../admin/contract.ts';

const KEY = 'locktender-token';

export class ApiFault extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
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

export interface Call {
  readonly method?: 'GET' | 'POST';
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
}

/** `ask<'categoryList'>('/v1/categories')`. Throws an `ApiFault` with what the appliance said. */
export async function ask<K extends RouteId>(path: string, call: Call = {}): Promise<AnswerOf<K>> {
  const response = await send(path, call);
  return (await response.json()) as AnswerOf<K>;
}

async function send(path: string, { method = 'GET', query = {}, body }: Call, signal?: AbortSignal): Promise<Response> {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${session.token ?? ''}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
    redirect: 'error',
  }).catch(() => {
    throw new ApiFault(0, 'the appliance does not answer');
  });
  if (response.ok) return response;
  const said = (await response.json().catch(() => null)) as { detail?: string; title?: string } | null;
  throw new ApiFault(response.status, said?.detail ?? said?.title ?? `the appliance answered ${response.status}`);
}

/** Events as they come; resumes behind the last one after a lost connection, and says when it is lost. */
export async function follow(
  path: string,
  signal: AbortSignal,
  on: { readonly entry: (entry: unknown) => void; readonly state: (live: boolean) => void },
): Promise<void> {
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 10_000)) {
    try {
      const response = await send(path, {}, signal);
      on.state(true);
      wait = 500;
      await eachEvent(response, on.entry);
    } catch (error) {
      if (error instanceof ApiFault && (error.status === 401 || error.status === 403)) throw error;
    }
    if (signal.aborted) return;
    on.state(false);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

async function eachEvent(response: Response, on: (entry: unknown) => void): Promise<void> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    held += piece.value;
    const blocks = held.split('\n\n');
    held = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block.split('\n').filter((line) => line.startsWith('data:'));
      if (data.length > 0) on(JSON.parse(data.map((line) => line.slice(5).trimStart()).join('\n')));
    }
  }
}
