import type { HeaderList } from './exchange.ts';
import { field } from './fields.ts';

/** The media type of a message, lower case, without parameters; empty when it names none. */
export function mediaType(headers: HeaderList): string {
  return (field(headers, 'content-type').split(';')[0] ?? '').trim().toLowerCase();
}

/** Of a content type in lower case: JSON texts, one a line. */
export function isNdjson(type: string): boolean {
  return /^application\/(?:x-)?(?:ndjson|jsonl|json-?lines) *(?:;|$)/.test(type);
}

/** Of a content type in lower case: server-sent events. */
export function isEventStream(type: string): boolean {
  return /^text\/event-stream *(?:;|$)/.test(type);
}
