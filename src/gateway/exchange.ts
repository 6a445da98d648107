/** One call at the gateway: reading what was sent within bounds, answering once, with strict headers. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import { firstTwice } from '../core/first-twice.ts';
import { GrowingBytes } from '../core/growing-bytes.ts';
import { type OrderReading, readOrder } from '../core/json-order.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { AnswerMemory } from './answer-memory.ts';
import type { Caller, Unknown } from './callers.ts';
import { type Fault, fault, faultDocument, faultStatus } from './fault.ts';

export interface GatewayExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly caller: Caller;
  /** The last part of the path, for routes that have one. */
  readonly id: string;
  readonly query: URLSearchParams;
  readonly maxBody: number;
  readonly memory: AnswerMemory;
}

const STRICT = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

export function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

class CallerGone extends Error {}

/** Whether it is only that the caller left in the middle of its body, which is nobody's fault here. */
export function isGone(error: unknown): boolean {
  return error instanceof CallerGone || (error instanceof Error && 'code' in error && error.code === 'ECONNRESET');
}

/** The whole body; a fault as soon as it is too large. */
async function readBody(request: IncomingMessage, max: number): Promise<Result<Buffer, Fault>> {
  const tooLarge = err(fault('too_large', `the body is larger than ${max} bytes; send less`));
  if (Number(request.headers['content-length'] ?? 0) > max) return tooLarge;
  const held = new GrowingBytes();
  let ended = false;
  // By its events: an iterator over a stream takes as long as a small tool runs.
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      if (held.length + chunk.length > max) resolve(tooLarge);
      else held.append(chunk, max);
    });
    request.once('end', () => {
      ended = true;
      resolve(ok(held.release()));
    });
    request.once('error', reject);
    // Every request closes: an error, with its trace, is made only where somebody still waits.
    request.once('close', () => ended || reject(new CallerGone('the caller went away')));
  });
}

/** A JSON body, validated. */
export async function readJson<T>(
  exchange: GatewayExchange,
  schema: z.ZodType<T>,
  reading?: OrderReading,
): Promise<Result<T, Fault>> {
  const body = await readJsonBody(exchange, reading);
  return body.ok ? validated(body.value, schema) : body;
}

/** A JSON body, between whose parts others have their turn. */
export async function readJsonBody(
  exchange: GatewayExchange,
  reading: OrderReading = {},
): Promise<Result<unknown, Fault>> {
  if (mediaType(exchange.request) !== 'application/json') {
    return err(fault('wrong_type', 'the body is not JSON; send `content-type: application/json`'));
  }
  if (contentCoding(exchange.request) !== '') {
    return err(fault('wrong_type', 'the body is encoded; send it without `content-encoding`'));
  }
  const body = await readBody(exchange.request, exchange.maxBody);
  if (!body.ok) return body;
  const order = await readOrder(body.value, reading, setImmediate);
  return order.ok ? order : err(fault('bad_request', order.error));
}

/** What the body is encoded with; empty for nothing. */
export function contentCoding({ headers }: IncomingMessage): string {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  return coding === 'identity' ? '' : coding;
}

/** What the query says, each name once. */
export function queryOf({ query }: GatewayExchange): Result<Record<string, string>, Fault> {
  const twice = firstTwice(query.keys());
  if (twice !== null) {
    return err(fault('bad_request', `query: \`${twice.slice(0, 100)}\` is given twice; give it once`));
  }
  return ok(Object.fromEntries(query));
}

/** Of what a schema complains about: it names every key that it does not know. */
const MOST_SAID = 500;

export function validated<T>(value: unknown, schema: z.ZodType<T>): Result<T, Fault> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  const where = issue && issue.path.length > 0 ? `\`${issue.path.join('.')}\`: ` : '';
  const what = issue?.message.slice(0, MOST_SAID).replace(/^./, (first) => first.toLowerCase()) ?? 'not valid';
  return err(fault('bad_request', `${where}${what}; see \`/openapi.json\``));
}

/** The tenant that a caller may act for: its own, or the one named when it may name any. */
export function tenantFor(caller: Caller, asked: string | undefined): Result<string, Fault> {
  if (asked === undefined || asked === caller.tenant || caller.anyTenant) return ok(asked ?? caller.tenant);
  return err(fault('wrong_tenant', `this caller speaks for \`${caller.tenant}\` only; leave \`tenant\` out`));
}

export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  answerText(response, JSON.stringify(value), status);
}

/** JSON that is text already. */
export function answerText(response: ServerResponse, text: string, status = 200): void {
  write(response, { status, type: 'application/json', text });
}

/** Says in the challenge whether it was a token that does not hold (RFC 6750, section 3). */
export function answerUnknown(response: ServerResponse, { code, detail, invalidToken }: Unknown): void {
  const what = invalidToken ? ', error="invalid_token"' : '';
  if (code === 'not_authenticated') response.setHeader('www-authenticate', `Bearer realm="locktender"${what}`);
  answerFault(response, fault(code, detail));
}

export function answerFault(response: ServerResponse, of: Fault): void {
  const status = faultStatus(of);
  if (of.allow) response.setHeader('allow', of.allow.join(', '));
  if (status === 415) response.setHeader('accept-encoding', 'identity');
  if (status === 429 || status === 503) response.setHeader('retry-after', '1');
  write(response, { status, type: 'application/problem+json', text: JSON.stringify(faultDocument(of)) });
}

/** A page without scripts; its own style is all that it may use. */
export function answerPage(response: ServerResponse, html: string): void {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
  write(response, {
    status: 200,
    type: 'text/html; charset=utf-8',
    text: html,
    policy: { 'content-security-policy': policy },
  });
}

export function openStream(response: ServerResponse, type: string, more: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { ...STRICT, 'content-type': type, 'x-accel-buffering': 'no', ...more });
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly policy?: { readonly 'content-security-policy': string };
}

function write(response: ServerResponse, { status, type, text, policy }: Answer): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const length = Buffer.byteLength(text);
  response.writeHead(status, { ...STRICT, ...policy, 'content-type': type, 'content-length': length });
  response.end(text);
}
