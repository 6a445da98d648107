/**
 * Server-sent events over the record, with resume: what was recorded after the last seen sequence number, then what
 * comes, without a gap and without a repeat. A reader that is too slow is ended and resumes where it was; one that
 * watches rather than reads is told how much it missed, and goes on with what is now.
 */

import type { ServerResponse } from 'node:http';
import { drained } from '../core/drained.ts';
import { FrameWriter, type WhenBehind } from './frame-writer.ts';
import type { RecordedEntry, SeenEvent } from './recorded-entry.ts';

/** The record as far as streams need it; the audit log fits, with a reader of its entries. */
export interface EntrySource {
  subscribe(listener: (entry: RecordedEntry) => void): () => void;
  /** Entries with a sequence number above `after`, in order, at most `limit`. One that `subscribe` told of is among them. */
  entriesAfter(after: number, limit: number): Promise<readonly RecordedEntry[]>;
  /** Entries so far. */
  size(): number;
}

export interface StreamOrder {
  /** Null: from now on. */
  readonly after: number | null;
  readonly wants: (event: SeenEvent) => boolean;
  readonly whenBehind: WhenBehind;
  /** Asked every second: a stream does not outlive its token. */
  readonly stillAllowed: () => boolean;
}

const PAGE = 200;
const BEAT_MS = 10_000;
/** How long a stream may outlive its token. */
const ALLOWED_MS = 1000;
/** Entries of the past that a reader who only watches is given. */
const MOST_PAST = 2000;

/** Streams until the reader goes. */
export async function streamEntries(response: ServerResponse, source: EntrySource, order: StreamOrder): Promise<void> {
  const writer = new FrameWriter(response, order.whenBehind);
  let live = order.after === null;
  let newest = -1;
  const take = (entry: RecordedEntry) => {
    if (order.wants(entry.event)) writer.add(entry);
  };
  const unsubscribe = source.subscribe((entry) => {
    // While the past is read, what comes is not kept: it is read too, and a slow reader costs no memory.
    if (live) take(entry);
    else newest = entry.seq;
  });
  const beat = setInterval(() => writer.beat(), BEAT_MS);
  const guard = setInterval(() => {
    if (!order.stillAllowed()) response.destroy();
  }, ALLOWED_MS);
  const gone = new Promise<void>((resolve) => response.once('close', resolve));
  try {
    writer.open();
    let last = order.after === null ? -1 : begin(order, { source, writer });
    while (!live && !response.destroyed) {
      const page = await source.entriesAfter(last, PAGE);
      for (const entry of page) take(entry);
      last = page.at(-1)?.seq ?? last;
      writer.flush();
      if (response.writableNeedDrain) await drained(response);
      // Nothing is awaited between this look and the turn to live.
      else live = page.length < PAGE && newest <= last;
    }
    await gone;
  } finally {
    clearInterval(beat);
    clearInterval(guard);
    unsubscribe();
    writer.close();
  }
}

/** Where the past begins: who only watches does not go through all that was recorded while the connection was lost. */
function begin(
  { after, whenBehind }: StreamOrder,
  { source, writer }: { readonly source: EntrySource; readonly writer: FrameWriter },
): number {
  const asked = after ?? -1;
  const earliest = source.size() - MOST_PAST - 1;
  if (whenBehind === 'end' || asked >= earliest) return asked;
  writer.passOver({ seq: earliest, entries: earliest - asked, denied: null });
  return earliest;
}
