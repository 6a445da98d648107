/** Reads one request into what a handler takes: the route by its path, then params, query and body by its schemas. */

import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import { firstTwice } from '../core/first-twice.ts';
import { readOrder } from '../core/json-order.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Route } from './contract/route.ts';
import { ROUTES, type RouteId } from './contract.ts';
import { type Fault, fault, wrongMethod } from './fault.ts';

/** A rule file of a megabyte and its sample, escaped as JSON. */
const MOST_BODY = 3 * 1024 * 1024;

/** RFC 8259 knows no other encoding than UTF-8 between systems. */
const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

export interface Matched {
  readonly id: RouteId;
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly id: RouteId;
  readonly route: Route;
  readonly pattern: RegExp;
}

const PATTERNS: readonly Pattern[] = (Object.entries(ROUTES) as [RouteId, Route][]).map(([id, route]) => ({
  id,
  route,
  pattern: new RegExp(`^${route.path.replaceAll('.', '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
}));

export function matchRoute(method: string, path: string): Result<Matched, Fault> {
  const fits = PATTERNS.filter(({ pattern }) => pattern.test(path));
  if (fits.length === 0) return err(fault('not_found', 'no route has this path; see `/openapi.json`'));
  const asked = method === 'HEAD' ? 'GET' : method;
  const hit = fits.find(({ route }) => route.method === asked);
  if (!hit) return err(wrongMethod(fits.map(({ route }) => route.method)));
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(hit.pattern.exec(path)?.groups ?? {})) {
    const decoded = decode(value);
    if (decoded === null) return err(fault('bad_request', 'the path is not valid percent encoding'));
    params[name] = decoded;
  }
  return ok({ id: hit.id, route: hit.route, params });
}

/** Validated `params`, `query` and `body`. */
export async function readInput(
  request: IncomingMessage,
  { route, params }: Matched,
  query: URLSearchParams,
): Promise<Result<{ params: unknown; query: unknown; body: unknown }, Fault>> {
  const text = route.body ? await readBody(request) : ok(null);
  if (!text.ok) return text;
  const twice = firstTwice(query.keys());
  if (twice !== null) {
    return err(fault('bad_request', `query: \`${twice.slice(0, 100)}\` is given twice; give it once`));
  }
  const parts = {
    params: route.params.strict().safeParse(params),
    query: route.query.strict().safeParse(Object.fromEntries(query)),
    body: route.body ? route.body.safeParse(text.value) : null,
  };
  for (const [where, part] of Object.entries(parts)) {
    if (part && !part.success) return err(fault('bad_request', complaint(where, part.error)));
  }
  return ok({ params: parts.params.data, query: parts.query.data, body: parts.body?.data ?? null });
}

async function readBody(request: IncomingMessage): Promise<Result<unknown, Fault>> {
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) {
    return err(fault('not_json', 'send `content-type: application/json`, in UTF-8'));
  }
  const coded = request.headers['content-encoding'] ?? 'identity';
  if (coded.toLowerCase() !== 'identity') return err(fault('not_json', 'send the body without `content-encoding`'));
  const tooLarge = err(fault('too_large', `send at most ${MOST_BODY} bytes`));
  if (Number(request.headers['content-length'] ?? 0) > MOST_BODY) return tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  // What is too large is answered: the connection is not torn down over it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY) return tooLarge;
    chunks.push(chunk);
  }
  const order = await readOrder(Buffer.concat(chunks), {}, setImmediate);
  return order.ok ? order : err(fault('bad_request', order.error));
}

/** Of what a schema complains about: it names every key that it does not know. */
const MOST_SAID = 500;

function complaint(where: string, error: z.ZodError): string {
  return fullComplaint(where, error).slice(0, MOST_SAID);
}

function fullComplaint(where: string, error: z.ZodError): string {
  const issue = error.issues[0];
  if (!issue) return `the ${where} is not valid`;
  if (issue.code === 'unrecognized_keys') return `${where}: unknown key \`${issue.keys.join('`, `')}\`; remove it`;
  const at = issue.path.length > 0 ? ` \`${issue.path.join('.')}\`` : '';
  return `${where}${at}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
}

function decode(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}
