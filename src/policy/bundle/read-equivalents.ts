/**
 * Read equivalents: requests that read although their method writes, and the one that writes although it reads. Each
 * is exact in method, path and media type, because a POST body is a wide channel. See docs/read-equivalents.md.
 *
 * A predicate is named in the decision record, so that replay needs neither path nor query.
 */

import { BODY_ON_READ, METHOD_IN_QUERY, namesMethod } from './disguised-writes.ts';
import { isAmbiguousPath } from './path-pattern.ts';

export const READ_EQUIVALENTS = ['git-upload-pack', 'git-lfs-batch', 'npm-audit-bulk', 'mcp-read-only'] as const;
export type ReadEquivalent = (typeof READ_EQUIVALENTS)[number];

/** GET `…/info/refs?service=git-receive-pack` opens a push: it is a write. */
export const GIT_PUSH = 'git-receive-pack';

const MCP_READ: ReadEquivalent = 'mcp-read-only';
const NONE: readonly string[] = Object.freeze([]);

export interface RequestShape {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly contentType: string;
  readonly hasBody?: boolean;
  /** Written by the appliance itself to a tool that its file declares read-only. */
  readonly readOnlyTool?: boolean;
}

const POSTS: readonly { readonly name: ReadEquivalent; readonly path: RegExp; readonly type: string }[] = [
  // gitprotocol-http: the client posts wants and haves, the server answers with a pack.
  { name: 'git-upload-pack', path: /^\/.+\/git-upload-pack$/, type: 'application/x-git-upload-pack-request' },
  // git-lfs batch API: asks where objects are; an upload that it prepares is a PUT, which stays a write.
  { name: 'git-lfs-batch', path: /^\/.+\/info\/lfs\/objects\/batch$/, type: 'application/vnd.git-lfs+json' },
  // npm audit: sends the names and versions of the dependency tree, reads advisories.
  { name: 'npm-audit-bulk', path: /^\/-\/npm\/v1\/security\/advisories\/bulk$/, type: 'application/json' },
];

/** Names of the predicates that hold for a request; usually none. */
export function shapePredicates(request: RequestShape): readonly string[] {
  const { method, path } = request;
  if (!isReadMethod(method)) {
    const named = writePredicates(request);
    // Said of writes too, so that nobody is told to send the same URL by GET.
    return named === NONE && namesMethod(request.query) ? [METHOD_IN_QUERY] : named;
  }
  const push = path.endsWith('/info/refs') && asksForPush(request.query);
  if (!push && request.hasBody !== true && request.query === '') return NONE;
  // In order, as records have them.
  const out: string[] = [];
  if (request.hasBody === true) out.push(BODY_ON_READ);
  if (push) out.push(GIT_PUSH);
  if (namesMethod(request.query)) out.push(METHOD_IN_QUERY);
  return out;
}

const WRITES: ReadonlySet<string> = new Set([BODY_ON_READ, GIT_PUSH, METHOD_IN_QUERY]);

/** The method reads, and nothing else about the request says that it writes. */
export function readsByItself({ method, matched }: { readonly method: string; readonly matched: readonly string[] }) {
  return isReadMethod(method) && !matched.some((name) => WRITES.has(name));
}

function writePredicates(request: RequestShape): readonly string[] {
  const { method, path } = request;
  // The session of a tool is ended by DELETE: nothing goes but what the messages before it opened.
  if (method === 'DELETE') return isToolMessage(request) ? [MCP_READ] : NONE;
  if (method !== 'POST') return NONE;
  if (path.endsWith('/git-receive-pack')) return [GIT_PUSH];
  for (const { name, path: shape, type } of POSTS) {
    if (request.contentType === type && request.query === '' && shape.test(path) && !isAmbiguousPath(path))
      return [name];
  }
  return request.contentType === 'application/json' && isToolMessage(request) ? [MCP_READ] : NONE;
}

/** Who wrote it makes the difference, so no shape of a client's own request is one. */
function isToolMessage({ readOnlyTool, query, path }: RequestShape): boolean {
  return readOnlyTool === true && query === '' && !isAmbiguousPath(path);
}

function asksForPush(query: string): boolean {
  if (query === '') return false;
  return new URLSearchParams(query).getAll('service').some((value) => value.toLowerCase() === GIT_PUSH);
}

/** The media type that clients of the path's protocol send; empty where none is known. */
export function usualMediaType(method: string, path: string): string {
  return method === 'POST' ? (POSTS.find((post) => post.path.test(path))?.type ?? '') : '';
}

/** RFC 9110 without TRACE, PATCH (RFC 5789), and CONNECT as the door's own: nothing else is relayed, whatever policy says. */
export const RELAYED_METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'OPTIONS',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'CONNECT',
];

export function isRelayedMethod(method: string): boolean {
  return RELAYED_METHODS.includes(method);
}

/** What a method does by itself: RFC 9110 safe methods read, all others write. */
export function isReadMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
