/**
 * Events as entries: canonical JSON that fits an entry of the log. What is too long is shortened, and the entry says
 * so (`truncated`): an attacker who chooses names must never be able to make an event that cannot be recorded.
 */

import { canonicalJson, type Json } from '../core/canonical-json.ts';
import type { AuditEvent } from '../core/event.ts';
import { MAX_ENTRY_BYTES } from './entry-bundle.ts';
import { exchangeText } from './event-text.ts';

export interface EncodedEvent {
  readonly text: string;
  readonly bytes: Buffer;
  readonly truncated: boolean;
}

/** Longest list and longest string that are kept, by rising need. */
const STEPS = [
  { list: 512, text: 4096 },
  { list: 64, text: 1024 },
  { list: 16, text: 256 },
  { list: 4, text: 64 },
] as const;

/** `event` must be a plain JSON value (keys with `undefined` are left out). */
export function encodeEvent(event: object): EncodedEvent {
  const direct = exchangeText(event as AuditEvent);
  if (direct !== null && direct.length <= MAX_ENTRY_BYTES)
    return { text: direct, bytes: Buffer.from(direct, 'latin1'), truncated: false };
  const text = whole(event as Json);
  if (text !== null) {
    const bytes = Buffer.from(text);
    if (bytes.length <= MAX_ENTRY_BYTES) return { text, bytes, truncated: false };
  }
  return shortened(event as { readonly [key: string]: Json });
}

const orders = new Map<string, readonly string[]>();

/** The same event with its keys in canonical order, so that it is written without sorting. */
export function inOrder(event: AuditEvent): AuditEvent {
  const keys = Object.keys(event);
  const known = orders.get(event.type);
  const order = known?.length === keys.length && known.every((key) => key in event) ? known : keys.sort();
  if (order !== known) orders.set(event.type, order);
  const out: Record<string, unknown> = {};
  for (const key of order) out[key] = event[key as keyof AuditEvent];
  return out as unknown as AuditEvent;
}

function whole(event: Json): string | null {
  try {
    return canonicalJson(event);
  } catch (error) {
    // Lone surrogates or NaN: mended below. Anything else is a broken caller.
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function shortened(event: { readonly [key: string]: Json }): EncodedEvent {
  for (const step of STEPS) {
    const cut: string[] = [];
    const body = shorten(event, '$', step, cut) as { readonly [key: string]: Json };
    const text = canonicalJson({ ...body, truncated: cut.slice(0, 32) });
    const bytes = Buffer.from(text);
    if (bytes.length <= MAX_ENTRY_BYTES) return { text, bytes, truncated: true };
  }
  throw new RangeError('the event cannot be shortened enough to be recorded');
}

function shorten(value: Json, path: string, step: (typeof STEPS)[number], cut: string[]): Json {
  if (typeof value === 'string') {
    if (value.length <= step.text && value.isWellFormed()) return value;
    cut.push(path);
    return value.slice(0, step.text).toWellFormed();
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    cut.push(path);
    return null;
  }
  if (Array.isArray(value)) {
    if (value.length > step.list) cut.push(path);
    return value.slice(0, step.list).map((item: Json, i) => shorten(item, `${path}[${i}]`, step, cut));
  }
  if (value === null || typeof value !== 'object') return value;
  const out: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) out[key] = shorten(item, `${path}.${key}`, step, cut);
  }
  return out;
}
