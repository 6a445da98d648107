/**
 * Amazon's event streams, told as lines (Bedrock, Transcribe, Lex, Lambda, S3 Select …): headers that hold text, then the
 * payload, which most often is JSON. What it holds as `bytes` in base64 is told in the clear, so that a text that comes
 * piece by piece is put together. A payload that is itself a message (requests are signed that way) is told as one.
 */

import { isUtf8 } from 'node:buffer';
import {
  BYTES,
  type EventHeader,
  type EventMessage,
  EventStreamReader,
  encodeHeaders,
  encodeMessage,
  readHeaders,
  STRING,
  wholeMessage,
} from './event-stream.ts';
import { type Framing, type FramingOptions, type Told, Unreadable } from './framing.ts';
import { parsed, tellBytes, told, type Value } from './told.ts';

/** Headers of most messages are like those of others: so many kinds are told once. */
const MOST_KINDS = 64;

const NOTHING = Buffer.alloc(0);

export function eventStreamFraming({ most }: FramingOptions): Framing {
  const reader = new EventStreamReader(most);
  const kinds = new Map<string, HeaderBlock>();
  /** Of which the headers could not be read. */
  let unread: Buffer = NOTHING;
  const tell = (message: EventMessage): Told => {
    const values: Value[] = [];
    unread = message.raw;
    const write = messageIn(message, { values, kinds, isOuter: true });
    unread = NOTHING;
    return told(values, write);
  };
  return {
    *push(chunk) {
      for (const message of reader.push(chunk)) yield tell(message);
    },
    end() {
      if (!reader.isWhole) throw new Unreadable('the last message is not whole');
      return [];
    },
    rest: () => Buffer.concat([unread, reader.rest()]),
  };
}

interface Telling {
  readonly values: Value[];
  readonly kinds: Map<string, HeaderBlock>;
  readonly isOuter: boolean;
}

/** Adds what the message holds; gives how it is written again. */
function messageIn({ raw, headers, payload }: EventMessage, telling: Telling): () => Buffer | null {
  const block = headersIn(headers, telling);
  const inner = telling.isOuter ? wholeMessage(payload) : null;
  const written =
    inner === null ? payloadIn(payload, telling.values) : messageIn(inner, { ...telling, isOuter: false });
  return () => {
    const [head, body] = [block.now, written()];
    if (head === null || body === null) return null;
    return head === headers && body === payload ? raw : encodeMessage(head, body);
  };
}

/** Told once for all messages that have it; null once it cannot be written. */
interface HeaderBlock {
  now: Buffer | null;
}

function headersIn(headers: Buffer, { values, kinds }: Telling): HeaderBlock {
  const key = headers.toString('latin1');
  const known = kinds.get(key);
  if (known !== undefined) return known;
  if (kinds.size >= MOST_KINDS) kinds.clear();
  const block: HeaderBlock = { now: headers };
  kinds.set(key, block);
  const all = readHeaders(headers);
  if (all.length > 0) values.push(headerValue(all, block));
  return block;
}

function isText({ type }: EventHeader): boolean {
  return type === STRING || type === BYTES;
}

function headerValue(all: readonly EventHeader[], block: HeaderBlock): Value {
  const text = all.map((header) => ({ [header.name]: textOf(header) }));
  return {
    text: Buffer.from(JSON.stringify({ headers: text })),
    take(changed) {
      const found = parsed(changed) as { readonly headers?: unknown } | undefined;
      const left = Array.isArray(found?.headers) ? found.headers : [];
      const headers = all.map((header, i) => changedHeader(header, left[i]));
      block.now = headers.every((header) => header !== null) ? encodeHeaders(headers) : null;
      return block.now !== null;
    },
  };
}

function changedHeader(header: EventHeader, entry: unknown): EventHeader | null {
  const [name, value] = Object.entries(entry ?? {})[0] ?? [];
  if (name === undefined || typeof value !== 'string') return null;
  return isText(header) ? { ...header, name, value: Buffer.from(value, charsetOf(header.value)) } : { ...header, name };
}

/** Of other types there is none. */
function textOf(header: EventHeader): string {
  return isText(header) ? header.value.toString(charsetOf(header.value)) : '';
}

function charsetOf(value: Buffer): 'utf8' | 'latin1' {
  return isUtf8(value) ? 'utf8' : 'latin1';
}

/** A field of bytes as JSON has it. */
const IN_BASE64 = /("(?:bytes|Data)"\s*:\s*")([^"\\]*)(?=")/g;

function payloadIn(payload: Buffer, values: Value[]): () => Buffer | null {
  const state = { now: payload, isChanged: false };
  const own = (bytes: Buffer) => {
    state.now = bytes;
    state.isChanged = true;
  };
  if (payload.length === 0) return () => payload;
  if (!isUtf8(payload) || !(payload.includes('"bytes"') || payload.includes('"Data"'))) {
    values.push(tellBytes(payload, { set: own }));
    return () => state.now;
  }
  // Null where they stay as they are.
  const fields: (Buffer | null)[] = [];
  const inner: Value[] = [];
  const outer = payload.toString('utf8').replace(IN_BASE64, (all, before: string, encoded: string) => {
    const bytes = clearText(encoded);
    const i = fields.push(bytes) - 1;
    if (bytes === null) return all;
    inner.push(
      tellBytes(bytes, {
        set(now) {
          fields[i] = now;
          state.isChanged = true;
        },
      }),
    );
    return before;
  });
  values.push(tellBytes(Buffer.from(outer), { set: own }), ...inner);
  return () => {
    if (!state.isChanged) return payload;
    const text = state.now === payload ? outer : state.now.toString('utf8');
    let i = 0;
    const written = text.replace(IN_BASE64, (all, before: string) => {
      const bytes = fields[i];
      i += 1;
      return bytes ? before + bytes.toString('base64') : all;
    });
    return i === fields.length ? Buffer.from(written) : null;
  };
}

/** Null for what is no text, or is not written as it would be again. */
function clearText(encoded: string): Buffer | null {
  if (encoded === '') return null;
  const bytes = Buffer.from(encoded, 'base64');
  return isUtf8(bytes) && bytes.toString('base64') === encoded ? bytes : null;
}
