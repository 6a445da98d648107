/** A request as it was read, checked for what would be ambiguous, and reduced to what is asked. */

import { authority, type Target } from '../../core/target.ts';
import { type HeadProblem, isHostValue, isLengthValue, targetForm } from '../../wire/http-head.ts';
import {
  parseAbsoluteTarget,
  parseConnectTarget,
  sameAuthority,
  splitPath,
  type TargetProblem,
} from '../../wire/request-target.ts';
import type { Ask, Credential, HeaderList, RequestProblem } from '../exchange.ts';
import { countField, field, joined } from '../fields.ts';
import { mediaType } from '../media-type.ts';

export interface RawRequest {
  readonly method: string;
  /** Request target as sent. */
  readonly target: string;
  readonly version: '1.0' | '1.1' | '2';
  readonly headers: HeaderList;
}

export interface ReadRequest {
  readonly ask: Ask;
  readonly problem: RequestProblem | null;
  readonly credential: Credential | null;
}

const NOTHING: Ask = { method: '', target: null, path: '', query: '', contentType: '', upgrade: '', hasBody: false };

/** A request that could not even be read. */
export function unreadable(reason: RequestProblem['reason'], detail: string, method = ''): ReadRequest {
  return { ask: { ...NOTHING, method: recordable(method) }, problem: { reason, detail }, credential: null };
}

/** One of which not even the head could be read. */
export function unreadableHead(problem: HeadProblem): ReadRequest {
  const large = problem === 'too_large' || problem === 'too_many_fields';
  return unreadable(large ? 'headers_too_large' : 'request_malformed', problem);
}

/** `within` is the target of the enclosing CONNECT; null at the proxy's own door. */
export function readAsk(raw: RawRequest, within: Target | null, maxFields: number): ReadRequest {
  const problem = fieldProblem(raw, maxFields);
  if (problem !== null) return unreadable(problem.reason, problem.detail, raw.method);
  const where = raw.method === 'CONNECT' ? connectTarget(raw, within) : requestTarget(raw, within);
  if ('reason' in where)
    return { ...unreadable(where.reason, where.detail, raw.method), credential: credentialOf(raw.headers) };
  const upgrade = upgradeOf(raw);
  const ask: Ask = {
    method: raw.method,
    target: upgrade === 'websocket' ? socketTarget(where.target) : where.target,
    path: where.path,
    query: where.query,
    contentType: mediaType(raw.headers),
    upgrade,
    hasBody: hasBody(raw),
  };
  return { ask, problem: null, credential: within === null ? credentialOf(raw.headers) : null };
}

interface Where {
  readonly target: Target;
  readonly path: string;
  readonly query: string;
}

function connectTarget(raw: RawRequest, within: Target | null): Where | RequestProblem {
  if (within !== null) return { reason: 'method_not_allowed', detail: 'connect_inside_connect' };
  const parsed = parseConnectTarget(raw.target);
  if (!parsed.ok) return targetProblem(parsed.error);
  const host = field(raw.headers, 'host');
  // Clients differ in whether they name the port here; the host must be the same.
  if (host !== '' && !sameAuthority(host, parsed.value) && !sameAuthority(`${host}:${parsed.value.port}`, parsed.value))
    return { reason: 'host_mismatch', detail: 'host_field' };
  return { target: parsed.value, path: '', query: '' };
}

function requestTarget(raw: RawRequest, within: Target | null): Where | RequestProblem {
  if (within !== null && (raw.target.startsWith('/') || raw.target === '*')) return innerTarget(raw, within);
  const parsed = parseAbsoluteTarget(raw.target);
  if (!parsed.ok) return within === null ? targetProblem(parsed.error) : { reason: 'target_invalid', detail: 'form' };
  const { target, path, query } = parsed.value;
  if (within === null && target.scheme !== 'http' && target.scheme !== 'ws')
    return { reason: 'target_invalid', detail: 'use_connect' };
  if (!schemeFits(raw, target, within)) return { reason: 'target_invalid', detail: 'scheme' };
  if (within !== null && authority(target) !== authority(within))
    return { reason: 'host_mismatch', detail: 'absolute_form' };
  const host = field(raw.headers, 'host');
  if (host !== '' && !sameAuthority(host, target)) return { reason: 'host_mismatch', detail: 'host_field' };
  return { target: within === null ? target : { ...within, scheme: 'https' }, path, query };
}

/** What TLS carries is HTTPS whatever its target says, so it must not say otherwise; `ws` is for WebSockets alone. */
function schemeFits(raw: RawRequest, { scheme }: Target, within: Target | null): boolean {
  const socket = upgradeOf(raw) === 'websocket';
  if (within === null) return scheme === 'http' || (scheme === 'ws' && socket);
  if (within.scheme === 'tcp') return scheme === 'https' || (scheme === 'wss' && socket);
  return scheme === within.scheme;
}

/** Host, SNI and CONNECT must name one host (T-01, T-06). */
function innerTarget(raw: RawRequest, within: Target): Where | RequestProblem {
  const target: Target = { ...within, scheme: 'https' };
  const host = field(raw.headers, 'host');
  if (host !== '' && !sameAuthority(host, target)) return { reason: 'host_mismatch', detail: 'host_field' };
  return { target, ...splitPath(raw.target) };
}

function targetProblem(problem: TargetProblem): RequestProblem {
  return { reason: 'target_invalid', detail: problem };
}

/** INVARIANT: as strict as our own reader of HTTP/1.x heads, which requests of h2 and of isolates do not meet. */
function fieldProblem(raw: RawRequest, maxFields: number): RequestProblem | null {
  const { headers, version, method } = raw;
  const bad = (detail: string): RequestProblem => ({ reason: 'request_malformed', detail });
  if (targetForm(method, raw.target) === null) return bad('bad_target');
  if (headers.length > maxFields) return { reason: 'headers_too_large', detail: 'too_many_fields' };
  const host = hostProblem(raw);
  if (host !== null) return bad(host);
  if (countField(headers, 'proxy-authorization') > 1) return bad('duplicate_credentials');
  if (countField(headers, 'content-type') > 1) return bad('duplicate_type');
  if (!isExpectable(joined(headers, 'expect'))) return bad('expectation');
  const lengths = countField(headers, 'content-length');
  if (lengths > 1) return bad('duplicate_length');
  if (lengths === 1 && !isLengthValue(field(headers, 'content-length'))) return bad('bad_length');
  // Whether bytes behind a CONNECT were its body or the tunnel's would be anybody's reading (RFC 9110 section 9.3.6).
  if (method === 'CONNECT' && version !== '2' && hasBody(raw)) return bad('body_on_connect');
  if (version !== '2') return codingProblem(raw) ?? upgradeProblem(raw);
  return method === 'CONNECT' ? { reason: 'method_not_allowed', detail: 'h2_connect' } : null;
}

/** RFC 9110 section 10.1.1: nothing but `100-continue` may be expected. */
function isExpectable(expected: string): boolean {
  return expected === '' || expected.toLowerCase() === '100-continue';
}

function hostProblem({ headers, version }: RawRequest): string | null {
  const hosts = countField(headers, 'host');
  if (hosts > 1) return 'duplicate_host';
  if (hosts === 0) return version === '1.1' ? 'missing_host' : null;
  return isHostValue(field(headers, 'host')) ? null : 'bad_host';
}

function codingProblem({ headers, version }: RawRequest): RequestProblem | null {
  const codings = countField(headers, 'transfer-encoding');
  if (codings === 0) return null;
  const plain = version === '1.1' && codings === 1 && field(headers, 'transfer-encoding').toLowerCase() === 'chunked';
  if (!plain) return { reason: 'request_malformed', detail: 'bad_transfer_encoding' };
  const both = countField(headers, 'content-length') > 0;
  return both ? { reason: 'request_malformed', detail: 'length_and_transfer_encoding' } : null;
}

/** RFC 6455 section 4.1: a GET, and nothing behind it that another reader could take for a body or for frames. */
function upgradeProblem(raw: RawRequest): RequestProblem | null {
  if (upgradeOf(raw) !== 'websocket' || (raw.method === 'GET' && !hasBody(raw))) return null;
  return { reason: 'request_malformed', detail: 'upgrade' };
}

function hasBody({ headers, version }: RawRequest): boolean {
  const length = field(headers, 'content-length');
  if (version === '2') return length !== '' && length !== '0';
  return countField(headers, 'transfer-encoding') > 0 || (length !== '' && !/^0+$/.test(length));
}

/** Only what both `Upgrade` and `Connection` ask for is an upgrade; h2c is an offer, and not taken up (RFC 9110 section 7.8). */
function upgradeOf({ headers }: RawRequest): string {
  const wanted = joined(headers, 'upgrade').toLowerCase();
  if (wanted === '' || wanted === 'h2c') return '';
  const agreed = headers.some(([n, v]) => n.toLowerCase() === 'connection' && /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(v));
  return agreed ? wanted : '';
}

function socketTarget(target: Target): Target {
  return { ...target, scheme: target.scheme === 'https' ? 'wss' : 'ws' };
}

/** Basic with the token as password, or Bearer. Anything else is a credential that no pass can be. */
export function credentialOf(headers: HeaderList): Credential | null {
  const value = field(headers, 'proxy-authorization');
  if (value === '') return null;
  const [scheme = '', rest = ''] = value.split(' ', 2);
  return credentialFrom(scheme, rest);
}

/** `rest` is what stands behind the scheme. */
export function credentialFrom(scheme: string, rest: string): Credential {
  if (/^bearer$/i.test(scheme)) return { user: '', token: rest };
  if (!/^basic$/i.test(scheme)) return { user: '', token: '' };
  const text = Buffer.from(rest, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? { user: '', token: '' } : { user: text.slice(0, colon), token: text.slice(colon + 1) };
}

/** Methods stand in the record; what is no short token stands there as nothing. */
function recordable(method: string): string {
  return /^[A-Za-z-]{1,20}$/.test(method) ? method : '';
}
