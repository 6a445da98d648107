/**
 * What a request body asks a model API to fetch on the provider's side is decided like a request of the task's own
 * (T-40): the provider's eyes are no way round the policy. What may search wherever it likes needs
 * `tool.invoke.provider-web`.
 */

import type { Deny } from '../../core/decision.ts';
import type { Principal } from '../../core/principal.ts';
import type { Target } from '../../core/target.ts';
import { decideCapability } from '../../policy/decide-capability.ts';
import { JsonLead } from '../../wire/json-lead.ts';
import { type ProviderFetch, ProviderFetches } from '../../wire/provider-fetch.ts';
import { type LineFormat, ProviderLines } from '../../wire/provider-lines.ts';
import { parseAbsoluteTarget } from '../../wire/request-target.ts';
import type { Exchange, HeaderList } from '../exchange.ts';
import { field, joined } from '../fields.ts';
import type { Gate } from '../gate.ts';
import { isEventStream, isNdjson } from '../media-type.ts';
import { Refusal } from '../refusal.ts';

/** Hosts whose bodies are read for this. */
const CATEGORIES = ['ai-fetch-apis', 'model-apis'];
const ANYWHERE = 'tool.invoke.provider-web';
/** Addresses judged in one body; more are a way to keep the gate busy. */
const MOST = 256;

export interface ProviderBody {
  readonly body: AsyncIterable<Uint8Array>;
  readonly headers: HeaderList;
}

/** The same body; it ends in a refusal before its last byte when it asks for what the task may not reach. */
export function watchedBody(
  gate: Gate,
  exchange: Exchange,
  { body, headers }: ProviderBody,
): AsyncIterable<Uint8Array> {
  const type = field(headers, 'content-type').toLowerCase();
  const mine = exchange.decision?.categories.some((name) => CATEGORIES.includes(name)) ?? false;
  if (!mine) return body;
  const encoding = joined(headers, 'content-encoding').toLowerCase();
  if (encoding !== '' && encoding !== 'identity') throw new Refusal('guard_unscannable', 'provider_encoding');
  const judge = judgeOf(gate, exchange);
  if (FILES.test(type)) return watched(judge, body, new JsonLead());
  const format = lineFormatOf(type);
  return format === null ? watched(judge, body) : watchedLines(judge, { body, lines: new ProviderLines(format) });
}

/**
 * Files travel as multipart or as bytes; what they say is fetched by no one until a request names them. But many servers
 * read JSON whatever its type is said to be, so what begins like JSON is none of them.
 */
const FILES = /^(?:multipart\/|audio\/|image\/|video\/|application\/(?:octet-stream|grpc))/;

/** Of a body that is several JSON texts. */
function lineFormatOf(type: string): LineFormat | null {
  if (isNdjson(type)) return 'lines';
  return isEventStream(type) ? 'events' : null;
}

type Judge = (found: readonly ProviderFetch[] | null) => void;

/** Lines that are whole go on, so that who answers them may; of one that is refused the last piece never goes. */
async function* watchedLines(
  judge: Judge,
  { body, lines }: { readonly body: AsyncIterable<Uint8Array>; readonly lines: ProviderLines },
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | null = null;
  for await (const chunk of body) {
    if (chunk.length === 0) continue;
    judge(lines.push(chunk));
    if (held !== null) yield held;
    const whole = chunk.lastIndexOf(LF) + 1;
    if (whole > 0) yield chunk.subarray(0, whole);
    held = whole < chunk.length ? chunk.subarray(whole) : null;
  }
  judge(lines.end());
  if (held !== null) yield held;
}

const LF = 0x0a;

/** One piece is always held back, so that a body that is refused never becomes whole. With a lead: watched if it is JSON. */
async function* watched(
  judge: Judge,
  body: AsyncIterable<Uint8Array>,
  lead: JsonLead | null = null,
): AsyncGenerator<Uint8Array> {
  const fetches = new ProviderFetches();
  let held: Uint8Array | null = null;
  for await (const chunk of body) {
    if (chunk.length === 0) continue;
    if (lead !== null && lead.push(chunk) !== true) {
      yield chunk;
      continue;
    }
    judge(fetches.push(chunk));
    if (held !== null) yield held;
    held = chunk;
  }
  if (held === null) return;
  judge(fetches.end());
  yield held;
}

function judgeOf(gate: Gate, exchange: Exchange): Judge {
  let judged = 0;
  return (found) => {
    if (found === null) throw new Refusal('guard_unscannable', 'provider_body');
    judged += found.length;
    if (judged > MOST) throw new Refusal('guard_unscannable', 'provider_addresses');
    for (const one of found) judgeOne(gate, exchange, one);
  };
}

function judgeOne(gate: Gate, exchange: Exchange, fetch: ProviderFetch): void {
  const { principal, snapshot } = exchange;
  if (principal === null) throw new Refusal('internal_error', 'no_principal');
  if (fetch.kind === 'anywhere') {
    const asked = { principal, capability: ANYWHERE, now: exchange.since };
    const { effect, wouldAllow, reason } = decideCapability(asked, snapshot);
    if (effect === 'deny') throw refusal(exchange, { detail: `anywhere_${reason}`, capability: ANYWHERE, wouldAllow });
    return;
  }
  const asked = destinationOf(fetch);
  if (asked === null) throw refusal(exchange, { detail: 'unreadable_address' });
  const decision = gate.decide(questionOf(exchange, principal, asked), snapshot);
  if (decision.effect === 'deny') {
    const { capability, wouldAllow, categories } = decision;
    throw refusal(exchange, { detail: decision.reason, capability, wouldAllow, categories });
  }
}

interface Asked {
  readonly target: Target;
  readonly path: string;
  readonly query: string;
  readonly method: 'GET' | 'POST';
}

/** Null for what is no address that we can judge. */
function destinationOf(fetch: Exclude<ProviderFetch, { kind: 'anywhere' }>): Asked | null {
  const url = fetch.kind === 'domain' ? `https://${fetch.text.replace(/^https?:\/\//i, '')}` : storeUrl(fetch.text);
  const parsed = parseAbsoluteTarget(url);
  if (!parsed.ok) return null;
  const { target, path, query } = parsed.value;
  if (target.scheme !== 'https' && target.scheme !== 'http') return null;
  return { target, path, query, method: fetch.kind === 'url' && fetch.writes ? 'POST' : 'GET' };
}

/** Object stores have schemes of their own. */
function storeUrl(text: string): string {
  const store = /^(gs|s3):\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(\/.*)?$/i.exec(text);
  if (store === null) return text.replace(/#.*$/, '');
  const [, scheme = '', bucket = '', path = '/'] = store;
  return scheme.toLowerCase() === 'gs'
    ? `https://storage.googleapis.com/${bucket}${path}`
    : `https://${bucket}.s3.amazonaws.com${path}`;
}

function questionOf(exchange: Exchange, principal: Principal, { target, path, query, method }: Asked) {
  const passProblem = null;
  return {
    principal,
    passProblem,
    method,
    target,
    path,
    query,
    contentType: '',
    upgrade: '',
    resolved: null,
    now: exchange.since,
  };
}

interface Why {
  readonly detail: string;
  readonly capability?: string | null;
  readonly wouldAllow?: readonly string[];
  readonly categories?: readonly string[];
}

function refusal(exchange: Exchange, { detail, capability = null, wouldAllow = [], categories = [] }: Why): Refusal {
  const decision: Deny = {
    effect: 'deny',
    reason: 'provider_fetch',
    step: 'default_deny',
    rule: null,
    capability,
    categories,
    facts: exchange.decision?.facts ?? [],
    wouldAllow,
  };
  return new Refusal('provider_fetch', detail, decision);
}
