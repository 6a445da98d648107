/** A request as it was read, checked for what would be ambiguous, and reduced to what is asked. */

import { authority, type Target } from '../../core/target.ts';
import { type HeadProblem, type RequestHead, targetForm } from '../../wire/http-head.ts';
import {
  parseAbsoluteTarget,
  parseConnectTarget,
  sameAuthority,
  splitPath,
  type TargetProblem,
} from '../../wire/request-target.ts';
import type { Ask, Credential, HeaderList, RequestProblem } from '../exchange.ts';
import { AskedFields, type HttpVersion } from './asked-fields.ts';

export interface RawRequest {
  readonly method: string;
  /** Request target as sent. */
  readonly target: string;
  /** Of a target whose signs a reader of heads has looked at. */
  readonly form?: RequestHead['form'];
  readonly version: HttpVersion;
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

/**
 * `within` is the target of the enclosing CONNECT; null at the proxy's own door. `fields` are those of this request, where they
 * have been read before.
 */
export function readAsk(
  raw: RawRequest,
  within: Target | null,
  maxFields: number,
  fields: AskedFields = new AskedFields(raw.headers, raw.version, maxFields),
): ReadRequest {
  const problem = headProblem(raw, fields);
  if (problem !== null) return unreadable(problem.reason, problem.detail, raw.method);
  const asked = { ...raw, fields };
  const where = raw.method === 'CONNECT' ? connectTarget(asked, within) : requestTarget(asked, within);
  if ('reason' in where)
    return { ...unreadable(where.reason, where.detail, raw.method), credential: fields.credential };
  const { upgrade, contentType, hasBody } = fields;
  const ask: Ask = {
    method: raw.method,
    target: upgrade === 'websocket' ? socketTarget(where.target) : where.target,
    path: where.path,
    query: where.query,
    contentType,
    upgrade,
    hasBody,
  };
  return { ask, problem: null, credential: within === null ? fields.credential : null };
}

interface Asked extends RawRequest {
  readonly fields: AskedFields;
}

interface Where {
  readonly target: Target;
  readonly path: string;
  readonly query: string;
}

function connectTarget(raw: Asked, within: Target | null): Where | RequestProblem {
  if (within !== null) return { reason: 'method_not_allowed', detail: 'connect_inside_connect' };
  const parsed = parseConnectTarget(raw.target);
  if (!parsed.ok) return targetProblem(parsed.error);
  const { host } = raw.fields;
  // Clients differ in whether they name the port here; the host must be the same.
  if (host !== '' && !sameAuthority(host, parsed.value) && !sameAuthority(`${host}:${parsed.value.port}`, parsed.value))
    return { reason: 'host_mismatch', detail: 'host_field' };
  return { target: parsed.value, path: '', query: '' };
}

function requestTarget(raw: Asked, within: Target | null): Where | RequestProblem {
  if (within !== null && (raw.target.startsWith('/') || raw.target === '*')) return innerTarget(raw, within);
  const parsed = parseAbsoluteTarget(raw.target);
  if (!parsed.ok) return within === null ? targetProblem(parsed.error) : { reason: 'target_invalid', detail: 'form' };
  const { target, path, query } = parsed.value;
  if (within === null && target.scheme !== 'http' && target.scheme !== 'ws')
    return { reason: 'target_invalid', detail: 'use_connect' };
  if (!schemeFits(raw, target, within)) return { reason: 'target_invalid', detail: 'scheme' };
  if (within !== null && authority(target) !== authority(within))
    return { reason: 'host_mismatch', detail: 'absolute_form' };
  const { host } = raw.fields;
  if (host !== '' && !sameAuthority(host, target)) return { reason: 'host_mismatch', detail: 'host_field' };
  return { target: within === null ? target : { ...within, scheme: 'https' }, path, query };
}

/** What TLS carries is HTTPS whatever its target says, so it must not say otherwise; `ws` is for WebSockets alone. */
function schemeFits({ fields }: Asked, { scheme }: Target, within: Target | null): boolean {
  const socket = fields.upgrade === 'websocket';
  if (within === null) return scheme === 'http' || (scheme === 'ws' && socket);
  if (within.scheme === 'tcp') return scheme === 'https' || (scheme === 'wss' && socket);
  return scheme === within.scheme;
}

/** Host, SNI and CONNECT must name one host (T-01, T-06). */
function innerTarget(raw: Asked, within: Target): Where | RequestProblem {
  const target: Target = { ...within, scheme: 'https' };
  const { host } = raw.fields;
  if (host !== '' && !sameAuthority(host, target)) return { reason: 'host_mismatch', detail: 'host_field' };
  return { target, ...splitPath(raw.target) };
}

function targetProblem(problem: TargetProblem): RequestProblem {
  return { reason: 'target_invalid', detail: problem };
}

/** The first thing that is ambiguous, or that this method or version may not say. */
function headProblem({ method, target, version, form }: RawRequest, fields: AskedFields): RequestProblem | null {
  if (form === undefined && targetForm(method, target) === null)
    return { reason: 'request_malformed', detail: 'bad_target' };
  if (fields.problem !== null) return fields.problem;
  // Whether bytes behind a CONNECT were its body or the tunnel's would be anybody's reading (RFC 9110 section 9.3.6).
  if (method === 'CONNECT' && version !== '2' && fields.hasBody)
    return { reason: 'request_malformed', detail: 'body_on_connect' };
  if (version !== '2') return fields.codingProblem ?? upgradeProblem(method, fields);
  return method === 'CONNECT' ? { reason: 'method_not_allowed', detail: 'h2_connect' } : null;
}

/** RFC 6455 section 4.1: a GET, and nothing behind it that another reader could take for a body or for frames. */
function upgradeProblem(method: string, { upgrade, hasBody }: AskedFields): RequestProblem | null {
  if (upgrade !== 'websocket' || (method === 'GET' && !hasBody)) return null;
  return { reason: 'request_malformed', detail: 'upgrade' };
}

function socketTarget(target: Target): Target {
  return { ...target, scheme: target.scheme === 'https' ? 'wss' : 'ws' };
}

/** Methods stand in the record; what is no short token stands there as nothing. */
function recordable(method: string): string {
  return /^[A-Za-z-]{1,20}$/.test(method) ? method : '';
}
