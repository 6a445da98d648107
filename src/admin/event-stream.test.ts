import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type EntrySource, type StreamOrder, streamEntries } from './event-stream.ts';
import { openStreams } from './open-streams.ts';
import type { RecordedEntry } from './recorded-entry.ts';

const entryOf = (seq: number): RecordedEntry => ({
  seq,
  text: '{"type":"decision"}',
  event: { type: 'decision', tenant: null, effect: 'allow' },
});

/** A record that grows by one entry with each page that is read, as long as `grows`. */
function recordOf(size: number, grows = 0) {
  const listeners = new Set<(entry: RecordedEntry) => void>();
  let [now, left] = [size, grows];
  const grow = () => {
    now += 1;
    for (const listener of listeners) listener(entryOf(now - 1));
  };
  const source: EntrySource = {
    size: () => now,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    entriesAfter: async (after, limit) => {
      const page = Array.from({ length: Math.max(0, Math.min(limit, now - after - 1)) }, (_, i) =>
        entryOf(after + 1 + i),
      );
      left -= 1;
      if (left >= 0) grow();
      return page;
    },
  };
  return { source, grow };
}

async function streamed(source: EntrySource, order: Pick<StreamOrder, 'after' | 'whenBehind'>, act = () => {}) {
  const pieces: string[] = [];
  const response = Object.assign(new EventEmitter(), {
    ...{ writableLength: 0, writableNeedDrain: false, destroyed: false },
    write: (piece: string) => pieces.push(piece) > 0,
    end: () => undefined,
    destroy: () => undefined,
  });
  const over = streamEntries(response as never, source, { ...order, wants: () => true, stillAllowed: () => true });
  await new Promise((resolve) => setTimeout(resolve, 20));
  act();
  await new Promise((resolve) => setTimeout(resolve, 150));
  response.emit('close');
  await over;
  const text = pieces.join('');
  return { text, ids: [...text.matchAll(/^id: (\d+)\nevent: decision/gm)].map(([, id]) => Number(id)) };
}

describe('a stream of the record', () => {
  it('has no gap and no repeat where entries come while the past is read', async () => {
    const { source, grow } = recordOf(450, 7);
    const { ids } = await streamed(source, { after: 99, whenBehind: 'end' }, grow);
    expect(ids).toEqual(Array.from({ length: 358 }, (_, i) => 100 + i));
  });

  it('begins near the end for one who only watches, and says how much it left out', async () => {
    const { source } = recordOf(10_000);
    const { text, ids } = await streamed(source, { after: 9, whenBehind: 'skip' });
    expect(text).toContain('data: {"seq":7999,"passed_over":{"entries":7990,"denied":null}}');
    expect([ids[0], ids.at(-1), ids.length]).toEqual([8000, 9999, 2000]);
  });

  it('leaves nothing out for one who reads', async () => {
    const { source } = recordOf(10_000);
    const { ids } = await streamed(source, { after: 9, whenBehind: 'end' });
    expect(ids).toHaveLength(9990);
  });
});

it('gives a token only so many streams at once, and a place again when one closes', () => {
  const streams = openStreams(2);
  expect([streams.open('a'), streams.open('a'), streams.open('a'), streams.open('b')]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  streams.closed('a');
  expect(streams.open('a')).toBe(true);
});
