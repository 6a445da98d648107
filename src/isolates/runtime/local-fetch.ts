/** What `fetch` answers without asking anybody: `data:` and `blob:` URLs (Fetch, section 4.2). All else is a network error. */

import { type Blob, blobBytes } from './blob.ts';
import { noBody } from './body.ts';
import { readDataUrl } from './data-url.ts';
import { Headers } from './headers.ts';
import { parseMime } from './mime.ts';
import { blobOf, type Request } from './request.ts';
import { madeResponse, type Response } from './response.ts';
import { withoutFragment } from './url.ts';

interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: [string, string][];
  readonly bytes: Uint8Array;
}

export function fetchLocally(request: Request): Response {
  const url = withoutFragment(request.url);
  const { status, statusText, headers, bytes } = answerTo(request, url);
  const state = { type: 'basic', url, status, statusText, headers: new Headers(headers), guard: 'immutable' } as const;
  return madeResponse(state, { ...noBody(), source: bytes });
}

function answerTo(request: Request, url: string): Answer {
  const blob = blobOf(request);
  if (blob && request.method === 'GET') return blobAnswer(blob, request.headers.get('range'));
  const read = url.startsWith('data:') ? readDataUrl(url) : null;
  if (!read) throw new TypeError('the URL cannot be fetched');
  const bytes = request.method === 'HEAD' ? new Uint8Array(0) : read.bytes;
  return { status: 200, statusText: 'OK', headers: [['content-type', read.type]], bytes };
}

function blobAnswer(blob: Blob, range: string | null): Answer {
  const whole = blobBytes(blob);
  const said = (bytes: Uint8Array): [string, string][] => [
    ['content-length', String(bytes.length)],
    ['content-type', parseMime(blob.type) ? blob.type : ''],
  ];
  if (range === null) return { status: 200, statusText: 'OK', headers: said(whole), bytes: whole };
  const [start, end] = rangeWithin(range, whole.length);
  const bytes = whole.subarray(start, end + 1);
  const headers: [string, string][] = [...said(bytes), ['content-range', `bytes ${start}-${end}/${whole.length}`]];
  return { status: 206, statusText: 'Partial Content', headers, bytes };
}

/** Fetch, "parse a single range header value": its first and its last byte. */
function rangeWithin(range: string, size: number): readonly [start: number, end: number] {
  const [, first = '', last = ''] = /^bytes[\t ]*=[\t ]*(\d*)[\t ]*-[\t ]*(\d*)$/.exec(range) ?? [];
  const isSuffix = first === '';
  const start = isSuffix ? Math.max(0, size - Number(last)) : Number(first);
  const end = isSuffix || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  const isBackwards = !isSuffix && last !== '' && Number(first) > Number(last);
  if ((isSuffix && last === '') || isBackwards || start >= size) throw new TypeError('the range is not valid');
  return [start, end];
}
