/**
 * Denials that people and agents understand: one shape for every door. Status and words come from the closed list of
 * reasons; nothing from the wire is copied into a denial except canonical names (T-33).
 */

import { type ReasonCode, reasonRow } from '../core/reasons.ts';
import { type BudgetDenial, budgetWords, secondsUntil } from './budget/budget-limits.ts';

const { STATUS_CODES } = process.getBuiltinModule('node:http');

export interface Denial {
  readonly reason: ReasonCode;
  /** Id of the decision record. */
  readonly decision: string;
  readonly capability: string | null;
  readonly categories: readonly string[];
  readonly wouldAllow: readonly string[];
  /** Of a budget that is used up. */
  readonly budget?: BudgetDenial | null;
}

interface Words {
  readonly message: string;
  readonly help: string;
  readonly retryable: boolean;
  /** Seconds; null where trying again is no use. */
  readonly retryAfter: number | null;
}

/** What is said of a denial beside its code. */
export function wordsOf({ reason, budget }: Pick<Denial, 'reason' | 'budget'>): Words {
  const { message, help, retryable } = reasonRow(reason);
  if (!budget) return { message, help, retryable, retryAfter: retryable ? 1 : null };
  const { returnsMs } = budget;
  return {
    ...budgetWords(budget),
    retryable: returnsMs !== null,
    retryAfter: returnsMs === null ? null : secondsUntil(returnsMs),
  };
}

export interface RenderedDenial {
  readonly reason: ReasonCode;
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Renders for HTTP. `accept` is the client's Accept field, empty when it sent none. */
export function renderDenial(denial: Denial, accept: string): RenderedDenial {
  const row = reasonRow(denial.reason);
  const text = prefersText(accept);
  const body = text ? textBody(denial) : `${JSON.stringify(jsonBody(denial))}\n`;
  const headers: [string, string][] = [
    ['Content-Type', text ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'],
    ['Content-Length', String(Buffer.byteLength(body))],
    ['Cache-Control', 'no-store'],
    ['X-Content-Type-Options', 'nosniff'],
    ['Proxy-Status', proxyStatus(denial)],
    ['Locktender-Decision', denial.decision],
  ];
  if (row.status === 407) headers.push(['Proxy-Authenticate', 'Basic realm="locktender", charset="UTF-8"']);
  if (row.status === 405) headers.push(['Allow', 'GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE']);
  const { retryAfter } = wordsOf(denial);
  if (retryAfter !== null && (row.status === 429 || row.status === 503))
    headers.push(['Retry-After', String(retryAfter)]);
  headers.push(['Connection', 'close']);
  return { reason: denial.reason, status: row.status, headers, body };
}

/**
 * The whole HTTP/1.1 message; `head` leaves the body out, as an answer to HEAD must. The reason stands in the status line
 * too: of an answer to CONNECT, most clients show nothing else.
 */
export function denialMessage(rendered: RenderedDenial, head: boolean): string {
  const fields = rendered.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const line = `HTTP/1.1 ${rendered.status} ${STATUS_CODES[rendered.status] ?? 'Denied'} (${rendered.reason})\r\n`;
  return `${line}${fields}\r\n${head ? '' : rendered.body}`;
}

/** RFC 9209: `locktender; error=…; details="…"`. */
export function proxyStatus(denial: Pick<Denial, 'reason' | 'budget'>): string {
  const error = reasonRow(denial.reason).proxyError ?? 'proxy_internal_error';
  return `locktender; error=${error}; details=${sfString(`${denial.reason}: ${wordsOf(denial).message}`)}`;
}

/** A structured-field string (RFC 9651): printable ASCII only, quote and backslash escaped, the rest replaced. */
export function sfString(text: string): string {
  const safe = text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, (c) => `\\${c}`);
  return `"${safe}"`;
}

function jsonBody(denial: Denial): object {
  const { message, help, retryable } = wordsOf(denial);
  return {
    error: {
      code: denial.reason,
      message,
      decision: denial.decision,
      capability: denial.capability,
      categories: denial.categories,
      retryable,
      would_allow: denial.wouldAllow,
      help,
    },
  };
}

function textBody(denial: Denial): string {
  const { message, help, retryable } = wordsOf(denial);
  const lines = [`locktender: ${message} (${denial.reason})`];
  if (denial.capability !== null) lines.push(`capability: ${denial.capability}`);
  if (denial.categories.length > 0) lines.push(`categories: ${denial.categories.join(', ')}`);
  for (const way of denial.wouldAllow) lines.push(`would allow: ${way}`);
  if (help !== '') lines.push(`help: ${help}`);
  lines.push(`retryable: ${retryable ? 'yes' : 'no'}`, `decision: ${denial.decision}`);
  return `${lines.map(printable).join('\n')}\n`;
}

/** Control characters never reach a terminal. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** JSON unless the client ranks plain text (or HTML, so a browser) above it. RFC 9110 section 12.5.1. */
function prefersText(accept: string): boolean {
  if (accept === '' || accept.length > 1024) return false;
  const ranges = accept.toLowerCase().split(',').map(parseRange);
  const quality = (type: string, sub: string) =>
    best(ranges, `${type}/${sub}`) ?? best(ranges, `${type}/*`) ?? best(ranges, '*/*') ?? 0;
  const text = Math.max(quality('text', 'plain'), best(ranges, 'text/html') ?? 0);
  return text > Math.max(quality('application', 'json'), best(ranges, 'application/problem+json') ?? 0);
}

interface MediaRange {
  readonly range: string;
  readonly q: number;
}

function parseRange(part: string): MediaRange {
  const [range = '', ...parameters] = part.split(';').map((p) => p.trim());
  const q = parameters.find((p) => p.startsWith('q='));
  return { range, q: q === undefined ? 1 : Number(q.slice(2)) || 0 };
}

function best(ranges: readonly MediaRange[], range: string): number | null {
  return ranges.find((r) => r.range === range)?.q ?? null;
}
