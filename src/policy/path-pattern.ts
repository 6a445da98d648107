/**
 * Path patterns of grants: segments compared byte for byte, `*` for one segment, `**` last for the rest. The request's
 * path is not normalised: what is ambiguous (`..`, encoded slashes, backslashes) never matches a pattern (T-31).
 */

import { err, ok, type Result } from '../core/result.ts';

export interface PathPattern {
  readonly text: string;
  readonly segments: readonly string[];
  /** Ends in `**`. */
  readonly open: boolean;
}

export function parsePathPattern(text: string): Result<PathPattern, string> {
  if (!text.startsWith('/')) return err(`path \`${text}\` does not start with \`/\`; add it`);
  if (/[?#\s\\]|%2f|%5c|\/\.{1,2}(\/|$)|\/\/|;/i.test(text)) {
    return err(`path \`${text}\` holds something that no request may match; use plain segments`);
  }
  const all = text.slice(1).split('/');
  const open = all.at(-1) === '**';
  const segments = open ? all.slice(0, -1) : all;
  if (segments.some((s) => s.includes('*') && s !== '*')) {
    return err(`path \`${text}\` has a wildcard inside a segment; use \`*\` for a whole segment or \`/**\` at the end`);
  }
  return ok({ text, segments, open });
}

/** True for a path that two servers could read in two ways. */
export function isAmbiguousPath(path: string): boolean {
  return /\\|%2f|%5c|%00|;|\/\/|\/(\.|%2e){1,2}(\/|$)/i.test(path);
}

export function pathMatches(pattern: PathPattern, path: string): boolean {
  if (!path.startsWith('/') || isAmbiguousPath(path)) return false;
  const segments = path.slice(1).split('/');
  const { length } = pattern.segments;
  if (pattern.open ? segments.length <= length : segments.length !== length) return false;
  return pattern.segments.every((want, i) => (want === '*' ? segments[i] !== '' : want === segments[i]));
}
