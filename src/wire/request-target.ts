/** Request targets → canonical targets: authority-form (CONNECT) and absolute-form (RFC 9112 section 3.2). */

import { type Host, type HostProblem, parseHost } from '../core/host.ts';
import { err, ok, type Result } from '../core/result.ts';
import { authority, defaultPort, parsePort, type Scheme, type Target } from '../core/target.ts';

export type TargetProblem = HostProblem | 'bad_port' | 'missing_port' | 'bad_scheme' | 'userinfo' | 'host_differs';

/** `host:port` or `[v6]:port`; the port is required unless a default is given. */
export function parseAuthority(
  text: string,
  fallback: number | null,
): Result<{ host: Host; port: number }, TargetProblem> {
  if (text.includes('@')) return err('userinfo');
  const split = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(text);
  if (!split) return err('bad_brackets');
  const host = parseHost(split[1] ?? '');
  if (!host.ok) return host;
  const port = split[2] === undefined ? fallback : parsePort(split[2]);
  if (port === null) return err(split[2] === undefined ? 'missing_port' : 'bad_port');
  return ok({ host: host.value, port });
}

/** The target of a CONNECT: what is inside is not known yet. */
export function parseConnectTarget(text: string): Result<Target, TargetProblem> {
  const parsed = parseAuthority(text, null);
  return parsed.ok ? ok({ scheme: 'tcp', ...parsed.value }) : parsed;
}

export interface AbsoluteTarget {
  readonly target: Target;
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
}

/** `http://host[:port]/path?query`. Other schemes, userinfo and fragments are refused (T-15). */
export function parseAbsoluteTarget(text: string): Result<AbsoluteTarget, TargetProblem> {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/i.exec(text);
  const scheme = parts?.[1]?.toLowerCase() as Scheme | undefined;
  if (!parts || (scheme !== 'http' && scheme !== 'https' && scheme !== 'ws' && scheme !== 'wss'))
    return err('bad_scheme');
  const where = parseAuthority(parts[2] ?? '', defaultPort(scheme));
  if (!where.ok) return where;
  return ok({ target: { scheme, ...where.value }, path: parts[3] || '/', query: parts[4] ?? '' });
}

/** Splits an origin-form target. */
export function splitPath(target: string): { path: string; query: string } {
  const at = target.indexOf('?');
  return at < 0 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at + 1) };
}

/** True when a `Host` (or `:authority`) field names the same host and port as the target (T-01, T-06, T-15). */
export function sameAuthority(field: string, target: Target): boolean {
  // As most clients write it there is nothing to read.
  if (field === authority(target)) return true;
  const parsed = parseAuthority(field, defaultPort(target.scheme) ?? target.port);
  return parsed.ok && authority(parsed.value) === authority(target);
}
