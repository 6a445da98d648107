/**
 * What the tests of `fetch` ask of their own server: its resources, and what of its small programs they need. It stands
 * where the gate does, so that the runtime alone is tried.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Egress, EgressRequest, EgressResponse } from '../../../src/core/ports.ts';
import { err, ok } from '../../../src/core/result.ts';

interface Asked extends EgressRequest {
  readonly path: string;
  readonly search: string;
  readonly query: URLSearchParams;
  readonly text: string;
}

type Answer = Omit<EgressResponse, 'decision'>;
type Fields = readonly (readonly [string, string])[];

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const bytes = (text: string) => Buffer.from(text, 'latin1');

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  if (body.length > 0) yield body;
}

function plain(text: string, fields: Fields = [], status = 200): Answer {
  return { status, headers: [['content-type', 'text/plain'], ...fields], body: once(Buffer.from(text)) };
}

function fieldOf({ headers }: EgressRequest, name: string): string | null {
  const found = headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  return found.length > 0 ? found.join(', ') : null;
}

function inspectHeaders(asked: Asked): Answer {
  const names = (asked.query.get('headers') ?? '').split('|').map((name) => name.toLowerCase());
  const said = names.flatMap((name) => {
    const value = name === 'content-length' ? lengthOf(asked) : fieldOf(asked, name);
    return value === null ? [] : [[`x-request-${name}`, value] as const];
  });
  return plain('', said);
}

/** As the gate says it of a body whose size is known. */
function lengthOf({ body, text, method }: Asked): string | null {
  if (body !== null) return String(Buffer.byteLength(text));
  return /^(?:POST|PUT)$/.test(method) ? '0' : null;
}

function method(asked: Asked): Answer {
  const names = ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location'];
  const said = names.map((name) => [`x-request-${name}`, fieldOf(asked, name) ?? 'NO'] as const);
  const size = asked.body === null ? 'NO' : String(Buffer.byteLength(asked.text));
  const fields = said.map(([name, value]) => [name, name.endsWith('-length') ? size : value] as const);
  return plain(asked.text, [['x-request-method', asked.method], ...fields]);
}

/** Programs of the server, with what they remember from one request to the next. */
function programs() {
  const stash = new Map<string, string>();
  const redirect = (asked: Asked): Answer => {
    const [key, most] = [asked.query.get('token'), Number(asked.query.get('max_count') ?? 0)];
    const count = key === null ? 0 : Number(stash.get(key) ?? 0);
    if (key !== null) stash.set(key, String(count + 1));
    if (most > 0 && count >= most) return plain(String(count));
    const to = asked.query.get('location');
    const query = most > 0 ? `?${asked.query}` : '';
    const fields: Fields = to === null ? [] : [['location', `${to}${query}`]];
    return plain('', fields, Number(asked.query.get('redirect_status') ?? 302));
  };
  const slow = ({ query, signal }: Asked): Answer => {
    const [state, abort] = [query.get('stateKey'), query.get('abortKey')];
    if (state !== null) stash.set(state, 'open');
    const body = async function* () {
      try {
        while (!signal.aborted && (abort === null || stash.get(abort) !== 'close')) {
          yield bytes('.');
          await wait(10);
        }
      } finally {
        if (state !== null) stash.set(state, 'closed');
      }
    };
    signal.addEventListener('abort', () => state !== null && stash.set(state, 'closed'));
    return { status: 200, headers: [['content-type', 'text/plain']], body: body() };
  };
  const take = ({ query }: Asked): Answer => {
    const key = query.get('key') ?? '';
    return plain(JSON.stringify(stash.get(key) ?? null));
  };
  const put = ({ query }: Asked): Answer => {
    stash.set(query.get('key') ?? '', query.get('value') ?? '');
    return plain('OK');
  };
  return { redirect, slow, take, put };
}

function trickle({ query }: Asked): Answer {
  const count = Number(query.get('count') ?? 50);
  const body = async function* () {
    for (let i = 0; i < count; i += 1) {
      yield bytes('TEST_TRICKLE\n');
      await wait(5);
    }
  };
  return { status: 200, headers: [['content-type', 'text/plain']], body: body() };
}

function status({ query, search }: Asked): Answer {
  const type = query.get('type');
  // As bytes: they need be no UTF-8.
  const [, content = ''] = /[?&]content=([^&]*)/.exec(search) ?? [];
  const raw = bytes(
    content.replace(/%([0-9a-f]{2})/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
  );
  const headers: Fields = type === null ? [] : [['content-type', type]];
  return { status: Number(query.get('code') ?? 200), headers, body: once(raw) };
}

function cut(): Answer {
  const body = async function* () {
    yield bytes('TEST_CHUNK');
    throw new Error('the body was cut off');
  };
  return { status: 200, headers: [], body: body() };
}

export function wptOrigin(root: string): Egress {
  const { redirect, slow, take, put } = programs();
  const made: Readonly<Record<string, (asked: Asked) => Answer>> = {
    'inspect-headers.py': inspectHeaders,
    'method.py': method,
    'echo-content.py': ({ text }) => plain(text),
    'redirect.py': redirect,
    'redirect-empty-location.py': () => plain('', [['location', '']], 302),
    'clean-stash.py': () => plain(''),
    'infinite-slow-response.py': slow,
    'stash-take.py': take,
    'stash-put.py': put,
    'trickle.py': trickle,
    'status.py': status,
    'bad-chunk-encoding.py': cut,
  };
  return {
    fetch: async (_principal, request) => {
      const url = new URL(request.url);
      const pieces: Uint8Array[] = [];
      for await (const piece of request.body ?? []) pieces.push(piece);
      const text = Buffer.concat(pieces).toString('utf8');
      const asked: Asked = { ...request, path: url.pathname, search: url.search, query: url.searchParams, text };
      const answer = made[url.pathname.split('/').at(-1) ?? '']?.(asked) ?? fileAt(root, url.pathname);
      if (answer) return ok({ ...answer, decision: 'd_wpt' });
      const denial = { reason: 'upstream_refused', status: 502, message: 'nothing is there', wouldAllow: [] } as const;
      return err({ ...denial, decision: 'd_wpt' });
    },
  };
}

function fileAt(root: string, path: string): Answer | null {
  const file = join(root, path);
  if (!existsSync(file) || path.endsWith('/')) return null;
  const body = readFileSync(file);
  const type: Fields = file.endsWith('.wasm') ? [['content-type', 'application/wasm']] : [];
  return { status: 200, headers: [['content-length', String(body.length)], ...type], body: once(body) };
}
