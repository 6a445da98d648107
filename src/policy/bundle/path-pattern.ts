/**
 * Path patterns of grants: segments compared byte for byte, `*` for one segment, `**` last for the rest. The request's
 * path is not normalised: what is ambiguous (`..`, encoded slashes, backslashes) never matches a pattern (T-31).
 */

import { err, ok, type Result } from '../../core/result.ts';

export interface PathPattern {
  readonly text: string;
  readonly segments: readonly string[];
  /** Ends in `**`. */
  readonly open: boolean;
}

export function parsePathPattern(text: string): Result<PathPattern, string> {
  if (!text.startsWith('/')) return err(`path \`${text}\` does not start with \`/\`; add it`);
  if (/[?#]/.test(text) || isAmbiguousPath(text)) {
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

/** Holds of a request whose path is ambiguous, where any rule looks at paths of its host. */
export const AMBIGUOUS_PATH = 'ambiguous-path';

/** How a pattern that holds stands among the predicates of a request. */
export function pathPredicate({ text }: PathPattern): string {
  return `path:${text}`;
}

/**
 * What two servers could read in two ways, each with where it was exploited: backslash (IIS, Spring), encoded slash and
 * backslash, NUL, path parameters (`..;/` of Tomcat), empty segments, dot segments plain or encoded, double encoding
 * (CVE-2021-42013), overlong UTF-8 (CVE-2000-0884), `%u002f` and other escapes that are none, controls and blanks.
 */
const AMBIGUOUS = [
  /[\\;\0-\x20\x7f-\uffff]/,
  /\/\//,
  /\/(?:\.|%2e){1,2}(?:\/|$)/i,
  /%(?:2f|5c|3b|[01][0-9a-f]|7f|c[01]|e0%80|f0%80)/i,
  /%25(?:[0-9a-f]{2}|%[0-9a-f]|u)/i,
  /%(?![0-9a-f]{2})/i,
] as const;

/** True for a path that two servers could read in two ways. */
export function isAmbiguousPath(path: string): boolean {
  return AMBIGUOUS.some((shape) => shape.test(path));
}

export function pathMatches(pattern: PathPattern, path: string): boolean {
  if (!path.startsWith('/') || isAmbiguousPath(path)) return false;
  const segments = path.slice(1).split('/');
  const { length } = pattern.segments;
  if (pattern.open ? segments.length <= length : segments.length !== length) return false;
  return pattern.segments.every((want, i) => (want === '*' ? segments[i] !== '' : want === segments[i]));
}
