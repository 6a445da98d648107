/**
 * HTTP/1.1 request heads, read strictly (RFC 9112): whatever two readers could take differently is refused.
 *
 * Sans-io: give it all bytes received so far; it answers with a head, a problem, or that it needs more. Refused are bare
 * CR or LF, obs-fold, NUL and control bytes, whitespace before the colon or inside the target, bad tokens, versions
 * other than 1.0 and 1.1, more than one Host, Content-Length or Transfer-Encoding, both of the last two together,
 * lengths that are not plain digits, and transfer codings other than a lone `chunked` (T-10, T-15, T-23, T-45).
 */

import { err, ok, type Result } from '../core/result.ts';

export type HeaderField = readonly [name: string, value: string];

export interface RequestHead {
  /** As sent; methods are case-sensitive tokens. */
  readonly method: string;
  /** The request target, untouched. */
  readonly target: string;
  readonly form: 'origin' | 'absolute' | 'authority' | 'asterisk';
  readonly version: '1.0' | '1.1';
  /** In order, names as sent, values trimmed of spaces and tabs, latin-1. */
  readonly headers: readonly HeaderField[];
  /** How many bytes the head took, its empty line included. */
  readonly length: number;
  readonly framing: BodyFraming;
}

export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' };

/** Fixed words; they may stand in a record, because none of them holds bytes from the wire. */
export type HeadProblem =
  | 'too_large'
  | 'too_many_fields'
  | 'bare_cr_or_lf'
  | 'control_byte'
  | 'bad_request_line'
  | 'bad_method'
  | 'bad_target'
  | 'bad_version'
  | 'bad_field'
  | 'obs_fold'
  | 'duplicate_host'
  | 'missing_host'
  | 'bad_host'
  | 'duplicate_length'
  | 'bad_length'
  | 'duplicate_transfer_encoding'
  | 'bad_transfer_encoding'
  | 'length_and_transfer_encoding';

export interface HeadLimits {
  /** Bytes of the whole head. */
  readonly maxBytes: number;
  readonly maxFields: number;
}

export const HEAD_LIMITS: HeadLimits = { maxBytes: 32_768, maxFields: 100 };

const CR = 13;
const LF = 10;

/** `null` means that more bytes are needed. `decode` reads Latin-1; edges have a faster one than pure code can. */
export function readRequestHead(
  bytes: Uint8Array,
  limits: HeadLimits = HEAD_LIMITS,
  decode: (bytes: Uint8Array, end: number) => string = latin1,
): Result<RequestHead, HeadProblem> | null {
  const end = findEnd(bytes, limits.maxBytes);
  if (end === 'more') return bytes.length >= limits.maxBytes ? err('too_large') : null;
  if (typeof end === 'string') return err(end);
  const lines = decode(bytes, end - 4).split('\r\n');
  const [first = '', ...rest] = lines;
  if (rest.length > limits.maxFields) return err('too_many_fields');
  const line = requestLine(first);
  if (!line.ok) return line;
  const headers: HeaderField[] = [];
  for (const text of rest) {
    const field = headerField(text);
    if (!field.ok) return field;
    headers.push(field.value);
  }
  const framing = bodyFraming(headers);
  if (!framing.ok) return framing;
  const host = checkHost(headers, line.value.version);
  if (host) return err(host);
  return ok({ ...line.value, headers, length: end, framing: framing.value });
}

/** Offset just behind the empty line. What stands before it is checked even while more bytes are awaited. */
function findEnd(bytes: Uint8Array, max: number): number | 'more' | HeadProblem {
  const limit = Math.min(bytes.length, max);
  let end = limit;
  for (let i = 3; i < limit; i += 1) {
    if (bytes[i] === LF && bytes[i - 1] === CR && bytes[i - 2] === LF && bytes[i - 3] === CR) {
      end = i + 1;
      break;
    }
  }
  const problem = badByte(bytes, end);
  if (problem) return problem;
  return bytes[end - 1] === LF && bytes[end - 3] === LF ? end : 'more';
}

/** A CR or LF that is not part of CRLF is refused wherever it stands, and so are the other control bytes but tab. */
function badByte(bytes: Uint8Array, end: number): HeadProblem | null {
  for (let i = 0; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    if ((byte >= 0x20 && byte !== 0x7f) || byte === 9) continue;
    if (byte !== CR) return byte === LF ? 'bare_cr_or_lf' : 'control_byte';
    if (i + 1 < end && bytes[i + 1] !== LF) return 'bare_cr_or_lf';
    i += 1;
  }
  return null;
}

function latin1(bytes: Uint8Array, end: number): string {
  let out = '';
  for (let i = 0; i < end; i += 4096) out += String.fromCharCode(...bytes.subarray(i, Math.min(i + 4096, end)));
  return out;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function requestLine(text: string): Result<Pick<RequestHead, 'method' | 'target' | 'form' | 'version'>, HeadProblem> {
  const parts = text.split(' ');
  const [method = '', target = '', version = ''] = parts;
  if (parts.length !== 3 || text.includes('\t')) return err('bad_request_line');
  if (!TOKEN.test(method) || method.length > 32) return err('bad_method');
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') return err('bad_version');
  const form = targetForm(method, target);
  if (!form) return err('bad_target');
  return ok({ method, target, form, version: version === 'HTTP/1.1' ? '1.1' : '1.0' });
}

/** What may stand in an authority (RFC 3986 section 3.2), as llhttp has it; whether it is one is read later. */
const AUTHORITY = /^[\w.~%:[\]@!$&'()*+,;=-]+$/;

/** RFC 9112 section 3.2. Only visible ASCII; no fragment; schemes of letters alone, as llhttp has them. Null: refused. */
export function targetForm(method: string, target: string): RequestHead['form'] | null {
  if (!/^[\x21-\x7e]+$/.test(target) || target.includes('#')) return null;
  if (method === 'CONNECT') return AUTHORITY.test(target) ? 'authority' : null;
  if (target === '*') return method === 'OPTIONS' ? 'asterisk' : null;
  if (target.startsWith('/')) return 'origin';
  const absolute = /^[a-z]+:\/\/([^/?]*)/i.exec(target);
  return absolute && AUTHORITY.test(absolute[1] ?? '') ? 'absolute' : null;
}

function headerField(line: string): Result<HeaderField, HeadProblem> {
  if (line.startsWith(' ') || line.startsWith('\t')) return err('obs_fold');
  const colon = line.indexOf(':');
  const name = line.slice(0, colon);
  if (colon < 1 || !TOKEN.test(name)) return err('bad_field');
  return ok([name, line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]);
}

/** Every value of a field, in order; names compare without case. */
export function fieldValues(headers: readonly HeaderField[], name: string): string[] {
  return headers.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value);
}

function checkHost(headers: readonly HeaderField[], version: RequestHead['version']): HeadProblem | null {
  const hosts = fieldValues(headers, 'host');
  if (hosts.length > 1) return 'duplicate_host';
  if (hosts.length === 0 && version === '1.1') return 'missing_host';
  return hosts.length === 0 || isHostValue(hosts[0] ?? '') ? null : 'bad_host';
}

/** Empty is refused too: no request through a proxy is without an authority (T-15). */
export function isHostValue(value: string): boolean {
  return value !== '' && !/[\s,@/?#\\]/.test(value);
}

/** Plain digits without padding: two readers of `010` need not agree. */
export function isLengthValue(value: string): boolean {
  return /^(0|[1-9][0-9]{0,14})$/.test(value);
}

function bodyFraming(headers: readonly HeaderField[]): Result<BodyFraming, HeadProblem> {
  const lengths = fieldValues(headers, 'content-length');
  const codings = fieldValues(headers, 'transfer-encoding');
  if (lengths.length > 1) return err('duplicate_length');
  if (codings.length > 1) return err('duplicate_transfer_encoding');
  if (lengths.length > 0 && codings.length > 0) return err('length_and_transfer_encoding');
  const [length] = lengths;
  if (length !== undefined) {
    return isLengthValue(length) ? ok({ kind: 'length', length: Number(length) }) : err('bad_length');
  }
  const [coding] = codings;
  if (coding !== undefined)
    return coding.toLowerCase() === 'chunked' ? ok({ kind: 'chunked' }) : err('bad_transfer_encoding');
  return ok({ kind: 'none' });
}
