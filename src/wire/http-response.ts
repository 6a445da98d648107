/**
 * HTTP/1.1 response heads of origins, read as strictly as requests (RFC 9112): an answer that two readers could take
 * differently is refused, so that one body can never be read as two answers (T-23, T-33).
 */

import { err, ok, type Result } from '../core/result.ts';
import type { Framing } from './http-body.ts';
import { type HeaderField, type HeadLimits, type HeadProblem, type HeadReading, readHead } from './http-head.ts';

export interface ResponseHead {
  /** 100–999. */
  readonly status: number;
  readonly headers: readonly HeaderField[];
  /** How many bytes the head took, its empty line included. */
  readonly length: number;
  readonly framing: Framing;
  /** The connection may carry another exchange after the body. */
  readonly persistent: boolean;
}

export type ResponseProblem = HeadProblem | 'bad_status_line';

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/** `null` means that more bytes are needed. `method` is the request's. */
export function readResponseHead(
  bytes: Uint8Array,
  method: string,
  limits: HeadLimits,
  decode?: (bytes: Uint8Array, end: number) => string,
): Result<ResponseHead, ResponseProblem> | null {
  const read = readHead(bytes, limits, decode);
  if (read === null || !read.ok) return read;
  const { first, headers, length } = read.value;
  const line = STATUS_LINE.exec(first);
  if (line === null) return err('bad_status_line');
  const [status, newer] = [Number(line[2]), line[1] === '1'];
  const framing = framingOf(read.value, { bodiless: isBodiless(method, status), newer });
  if (!framing.ok) return framing;
  const persistent = framing.value.kind !== 'close' && staysOpen(headers, newer);
  return ok({ status, headers, length, framing: framing.value, persistent });
}

/** RFC 9112 section 6.3, the first two cases. */
function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304;
}

interface Asked {
  readonly bodiless: boolean;
  /** HTTP/1.1, which alone knows transfer codings. */
  readonly newer: boolean;
}

/** RFC 9112 section 6.3, made stricter: any coding but a lone `chunked` is refused, and so are both and doubled lengths. */
function framingOf({ framing, framed }: HeadReading, { bodiless, newer }: Asked): Result<Framing, HeadProblem> {
  if (!framing.ok) return framing;
  if (framing.value.kind === 'chunked' && !newer) return err('bad_transfer_encoding');
  if (bodiless) return ok({ kind: 'none' });
  if (framing.value.kind !== 'none' || framed.lengths.length > 0) return framing;
  return ok({ kind: 'close' });
}

function staysOpen(headers: readonly HeaderField[], newer: boolean): boolean {
  let open = newer;
  for (const [name, value] of headers) {
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    if (/(?:^|,)\s*close\s*(?:,|$)/i.test(value)) return false;
    if (/(?:^|,)\s*keep-alive\s*(?:,|$)/i.test(value)) open = true;
  }
  return open;
}
