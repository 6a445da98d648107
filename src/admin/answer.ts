/** How answers leave: strict headers on each, faults as problem documents, the controls version as ETag. */

import type { ServerResponse } from 'node:http';
import { type Fault, faultDocument, faultStatus } from './fault.ts';

const STRICT = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
} as const;

export function answerFault(response: ServerResponse, of: Fault): void {
  const extra: Record<string, string> = {
    ...(of.code === 'not_authenticated' ? { 'www-authenticate': 'Bearer realm="locktender"' } : {}),
    ...(of.allow === undefined ? {} : { allow: of.allow.join(', ') }),
    ...(of.retryAfter === undefined ? {} : { 'retry-after': String(of.retryAfter) }),
  };
  write(response, {
    status: faultStatus(of),
    type: 'application/problem+json',
    text: JSON.stringify(faultDocument(of)),
    extra,
  });
}

export function answerJson(
  response: ServerResponse,
  value: unknown,
  more: { status?: number; version?: number } = {},
): void {
  const extra = more.version === undefined ? {} : { etag: etagOf(more.version) };
  write(response, { status: more.status ?? 200, type: 'application/json', text: JSON.stringify(value), extra });
}

export function answerText(response: ServerResponse, text: string, type: string): void {
  write(response, { status: 200, type, text, extra: {} });
}

export function openEventStream(response: ServerResponse): void {
  response.writeHead(200, { ...STRICT, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
}

/** Sends a browser on; `to` is made here or is the provider's own address, never what a request named. */
export function redirect(response: ServerResponse, to: string): void {
  response.writeHead(303, { ...STRICT, location: to }).end();
}

/** A file of lines, written as it is read. */
export function openLines(response: ServerResponse, name: string): void {
  response.writeHead(200, {
    ...STRICT,
    'content-type': 'application/x-ndjson; charset=utf-8',
    'content-disposition': `attachment; filename="${name}"`,
  });
}

export function etagOf(version: number): string {
  return `"controls-${version}"`;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly extra: Readonly<Record<string, string>>;
}

function write(response: ServerResponse, { status, type, text, extra }: Answer): void {
  if (response.headersSent) return void response.destroy();
  const length = Buffer.byteLength(text);
  response.writeHead(status, {
    ...STRICT,
    'content-type': `${type}; charset=utf-8`,
    'content-length': length,
    ...extra,
  });
  response.end(text);
}
