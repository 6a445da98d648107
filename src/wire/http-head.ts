/**
 * HTTP/1.1 request heads, read strictly (RFC 9112): whatever two readers could take differently is refused.
 *
 * Sans-io: give it all bytes received so far; it answers with a head, a problem, or that it needs more. Refused are bare
 * CR or LF, obs-fold, NUL and control bytes, whitespace before the colon or inside the target, bad tokens, versions
 * other than 1.0 and 1.1, more than one Host, Content-Length or Transfer-Encoding, both of the last two together,
 * lengths that are not plain digits, and transfer codings other than a lone `chunked` (T-10, T-15, T-23, T-45).
 */

import { err, ok, type Result } from '../core/result.ts';
import type { LastFields } from './last-fields.ts';

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
  /** Given by who asks again when more bytes have come: what was read before is not read anew (T-45). */
  readonly scan?: HeadScan;
  /** Given by who reads head after head of one connection: fields that are the same bytes again are not read anew. */
  readonly last?: LastFields<FieldsReading> | undefined;
}

/** How far the end of a head has been looked for; it begins anew behind each head that was found. */
export class HeadScan {
  at = 0;
  /** Where the line began that is being read. */
  line = 0;
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
  const read = readHead(bytes, limits, decode);
  if (read === null || !read.ok) return read;
  const line = requestLine(read.value.first);
  if (typeof line === 'string') return err(line);
  const { headers, length, framing, framed } = read.value;
  if (!framing.ok) return framing;
  // HTTP/1.0 knows no codings: what follows would be a body to one reader and another request to the next.
  if (framing.value.kind === 'chunked' && line.version === '1.0') return err('bad_transfer_encoding');
  const host = checkHost(framed, line.version);
  if (host) return err(host);
  const { method, target, form, version } = line;
  return ok({ method, target, form, version, headers, length, framing: framing.value });
}

/** The fields of a head, whatever its first line is. */
export interface FieldsReading {
  readonly headers: readonly HeaderField[];
  readonly framing: Result<BodyFraming, HeadProblem>;
  readonly framed: Framed;
}

/** A head as lines: what requests and responses have in common. */
export interface HeadReading extends FieldsReading {
  /** The line before the fields. */
  readonly first: string;
  readonly length: number;
}

/** `null` means that more bytes are needed. */
export function readHead(
  bytes: Uint8Array,
  limits: HeadLimits,
  decode: (bytes: Uint8Array, end: number) => string = latin1,
): Result<HeadReading, HeadProblem> | null {
  const known = withLastFields(bytes, limits, decode);
  if (known !== null) return ok(known);
  const end = findEnd(bytes, limits.maxBytes, limits.scan ?? new HeadScan());
  if (end === 'more') return bytes.length >= limits.maxBytes ? err('too_large') : null;
  if (typeof end === 'string') return err(end);
  // Apart, or who keeps one of them would keep both.
  const behindFirst = bytes.indexOf(CR) + 2;
  const first = decode(bytes, behindFirst - 2);
  const lines = linesOf(bytes.subarray(behindFirst, end), decode);
  if (lines.length > limits.maxFields) return err('too_many_fields');
  const headers: HeaderField[] = [];
  const framed: Framed = { hosts: [], lengths: [], codings: [] };
  for (const line of lines) {
    const field = readField(line);
    if (typeof field === 'string') return err(field);
    headers.push(field);
    note(framed, field);
  }
  const framing = bodyFraming(framed);
  limits.last?.keep(bytes.subarray(behindFirst, end), { headers, framing, framed });
  return ok({ first, headers, length: end, framing, framed });
}

/** Of fields with the empty line behind them. */
function linesOf(fields: Uint8Array, decode: (bytes: Uint8Array, end: number) => string): string[] {
  return fields.length === 2 ? [] : decode(fields, fields.length - 4).split('\r\n');
}

/** A head of which all but the first line was read before; null where that is not so. */
function withLastFields(
  bytes: Uint8Array,
  { last, scan, maxBytes }: HeadLimits,
  decode: (bytes: Uint8Array, end: number) => string,
): HeadReading | null {
  if (last === undefined || (scan !== undefined && scan.at > 0)) return null;
  let end = 0;
  while (end < bytes.length && isText(bytes[end] as number)) end += 1;
  if (end === 0 || bytes[end] !== CR || bytes[end + 1] !== LF) return null;
  const length = end + 2 + last.length;
  const fields = length > maxBytes ? null : last.at(bytes, end + 2);
  if (fields === null) return null;
  const { headers, framing, framed } = fields;
  return { first: decode(bytes, end), headers, length, framing, framed };
}

/** Values of the fields that say where a message ends and for whom it is. */
export interface Framed {
  readonly hosts: string[];
  readonly lengths: string[];
  readonly codings: string[];
}

function note(framed: Framed, [name, value]: HeaderField): void {
  // By length first: few names have these.
  if (name.length === 4 && name.toLowerCase() === 'host') framed.hosts.push(value);
  else if (name.length === 14 && name.toLowerCase() === 'content-length') framed.lengths.push(value);
  else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') framed.codings.push(value);
}

/**
 * Offset just behind the empty line; one pass. What stands before it is checked even while more bytes are awaited: a CR or
 * LF that is not part of CRLF is refused wherever it stands, and so are the other control bytes but tab.
 */
function findEnd(bytes: Uint8Array, max: number, scan: HeadScan): number | 'more' | HeadProblem {
  const limit = Math.min(bytes.length, max);
  let { at, line } = scan;
  for (; at < limit; at += 1) {
    const byte = bytes[at] as number;
    if (isText(byte)) continue;
    if (byte !== CR) return byte === LF ? 'bare_cr_or_lf' : 'control_byte';
    if (at + 1 === limit) break;
    if (bytes[at + 1] !== LF) return 'bare_cr_or_lf';
    // An empty line ends the head, but for one that comes first.
    if (at === line && at > 0) {
      [scan.at, scan.line] = [0, 0];
      return at + 2;
    }
    at += 1;
    line = at + 1;
  }
  [scan.at, scan.line] = [at, line];
  return 'more';
}

function isText(byte: number): boolean {
  return (byte >= 0x20 && byte !== 0x7f) || byte === 9;
}

function latin1(bytes: Uint8Array, end: number): string {
  let out = '';
  for (let i = 0; i < end; i += 4096) out += String.fromCharCode(...bytes.subarray(i, Math.min(i + 4096, end)));
  return out;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export function isMethod(text: string): boolean {
  return TOKEN.test(text) && text.length <= 32;
}

/** Whether a field that was not read from bytes may be written: a token, and no control characters in its value. */
export function isField(name: string, value: string): boolean {
  return TOKEN.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

function requestLine(text: string): Pick<RequestHead, 'method' | 'target' | 'form' | 'version'> | HeadProblem {
  const parts = text.split(' ');
  const [method = '', target = '', version = ''] = parts;
  if (parts.length !== 3 || text.includes('\t')) return 'bad_request_line';
  if (!isMethod(method)) return 'bad_method';
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') return 'bad_version';
  const form = targetForm(method, target);
  if (!form) return 'bad_target';
  return { method, target, form, version: version === 'HTTP/1.1' ? '1.1' : '1.0' };
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

/** One field line, without its end; its bytes were checked before. */
export function readField(line: string): HeaderField | HeadProblem {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon);
  if (colon >= 1 && TOKEN.test(name)) return [name, trimmed(line, colon + 1)];
  return line.startsWith(' ') || line.startsWith('\t') ? 'obs_fold' : 'bad_field';
}

/** Without the spaces and tabs around it. */
function trimmed(line: string, from: number): string {
  let [start, end] = [from, line.length];
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 9;
}

function checkHost({ hosts }: Framed, version: RequestHead['version']): HeadProblem | null {
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

function bodyFraming({ lengths, codings }: Framed): Result<BodyFraming, HeadProblem> {
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
