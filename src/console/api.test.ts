import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { follow } from './api.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('sessionStorage', { getItem: () => 'token' });
  vi.stubGlobal('location', { origin: 'http://127.0.0.1:9128' });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A stream that says what it is told to, and breaks off when it is told to. */
function stream(): { readonly response: Response; say(text: string): void; breakOff(): void } {
  let into: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      into = controller;
    },
  });
  return {
    response: new Response(body),
    say: (text) => into.enqueue(new TextEncoder().encode(text)),
    breakOff: () => into.error(new TypeError('network error')),
  };
}

it('a stream on which not even the beat comes any more is lost, and taken up behind its last entry', async () => {
  const streams = [stream(), stream()] as const;
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: URL) => {
    asked.push(url.search);
    return streams[asked.length - 1]?.response;
  });
  const states: boolean[] = [];
  const entries: unknown[] = [];
  const leaving = new AbortController();
  void follow('/v1/decisions', leaving.signal, {
    after: null,
    entry: (entry) => entries.push(entry),
    state: (live) => states.push(live),
  });
  await vi.advanceTimersByTimeAsync(0);
  streams[0].say('data: {"seq":7}\n\n');
  for (let beat = 0; beat < 10; beat += 1) {
    await vi.advanceTimersByTimeAsync(10_000);
    streams[0].say(': here\n\n');
  }
  expect([states, entries]).toEqual([[true], [{ seq: 7 }]]);
  await vi.advanceTimersByTimeAsync(40_000);
  expect([states, asked]).toEqual([
    [true, false, true],
    ['', '?after=7'],
  ]);
  leaving.abort();
});

it('a stream that broke off, or was left, is not given up once more later, which would fail and take the page away', async () => {
  const streams = [stream(), stream()] as const;
  let asked = 0;
  vi.stubGlobal('fetch', async () => {
    asked += 1;
    return streams[asked - 1]?.response;
  });
  const leaving = new AbortController();
  const over = follow('/v1/decisions', leaving.signal, { after: null, entry: () => undefined, state: () => undefined });
  await vi.advanceTimersByTimeAsync(0);
  streams[0].breakOff();
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toBe(2);
  leaving.abort();
  streams[1].breakOff();
  await over;
  expect(vi.getTimerCount()).toBe(0);
});
