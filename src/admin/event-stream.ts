/**
 * Server-sent events over the record, with resume: what was recorded after the last seen sequence number, then what
 * comes, without a gap and without a repeat. A reader that is too slow is ended; it resumes where it was.
 */

import type { ServerResponse } from 'node:http';

export interface RecordedEntry {
  readonly seq: number;
  /** Canonical JSON of the event. */
  readonly text: string;
}

/** The record as far as streams need it; the audit log fits, with a reader of its entries. */
export interface EntrySource {
  subscribe(listener: (entry: RecordedEntry) => void): () => void;
  /** Entries with a sequence number above `after`, in order, at most `limit`. */
  entriesAfter(after: number, limit: number): Promise<readonly RecordedEntry[]>;
}

export interface StreamOrder {
  /** Null: from now on. */
  readonly after: number | null;
  readonly wants: (event: Readonly<Record<string, unknown>>) => boolean;
  /** Asked every second: a stream does not outlive its token. */
  readonly stillAllowed: () => boolean;
}

const PAGE = 500;
const BEAT_MS = 10_000;
/** How long a stream may outlive its token. */
const ALLOWED_MS = 1000;
/** Bytes that a slow reader may leave unread. */
const MOST_BUFFERED = 4 * 1024 * 1024;

/** Streams until the reader goes. */
export async function streamEntries(response: ServerResponse, source: EntrySource, order: StreamOrder): Promise<void> {
  const waiting: RecordedEntry[] = [];
  let last = order.after ?? -1;
  let live = false;
  const send = (entry: RecordedEntry) => {
    if (entry.seq <= last || response.destroyed) return;
    last = entry.seq;
    const event = JSON.parse(entry.text) as Record<string, unknown>;
    if (!order.wants(event)) return;
    response.write(
      `id: ${entry.seq}\nevent: ${String(event['type'])}\ndata: ${JSON.stringify({ seq: entry.seq, event })}\n\n`,
    );
    if (response.writableLength > MOST_BUFFERED) response.destroy();
  };
  const unsubscribe = source.subscribe((entry) => (live ? send(entry) : void waiting.push(entry)));
  const beat = setInterval(() => response.write(': here\n\n'), BEAT_MS);
  const guard = setInterval(() => {
    if (!order.stillAllowed()) response.destroy();
  }, ALLOWED_MS);
  const gone = new Promise<void>((resolve) => response.once('close', resolve));
  try {
    response.write(': open\n\n');
    if (order.after !== null) await sendPast(response, source, { after: order.after, send });
    for (const entry of waiting) send(entry);
    live = true;
    await gone;
  } finally {
    clearInterval(beat);
    clearInterval(guard);
    unsubscribe();
    response.end();
  }
}

async function sendPast(
  response: ServerResponse,
  source: EntrySource,
  from: { after: number; send: (entry: RecordedEntry) => void },
): Promise<void> {
  let after = from.after;
  for (;;) {
    const page = await source.entriesAfter(after, PAGE);
    for (const entry of page) from.send(entry);
    after = page.at(-1)?.seq ?? after;
    if (page.length < PAGE || response.destroyed) return;
    if (response.writableNeedDrain) await drained(response);
  }
}

/** Resolves when more may be written, or nobody reads any more. */
export function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}
