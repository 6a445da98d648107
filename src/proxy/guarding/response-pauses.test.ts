/** When a stream is let go on: by a clock of its own, and by what another thread has not answered yet. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../doors/reply.ts';
import type { Exchange } from '../exchange.ts';
import type { Gate } from '../gate.ts';
import type { BodyStream } from './guarding.ts';
import { HEAD_MS, ResponseGuard } from './response-guard.ts';

/** What DESIGN promises: a quiet stream goes on within so many milliseconds. */
const PROMISED_MS = 20;

/** Holds everything until it is told to let go on; looks elsewhere where it is given a promise. */
class Holding implements BodyStream {
  readonly blocked = false;
  #held: Uint8Array[] = [];
  elsewhere: Promise<void> | null = null;
  /** Nothing goes on before the end. */
  keeps = false;

  push(chunk: Uint8Array): Uint8Array[] | Promise<Uint8Array[]> {
    this.#held.push(chunk);
    return this.elsewhere === null ? [] : this.elsewhere.then(() => []);
  }

  idle(): Uint8Array[] | Promise<Uint8Array[]> {
    if (this.keeps) return [];
    const out = this.#held;
    this.#held = [];
    return this.elsewhere === null ? out : this.elsewhere.then(() => out);
  }

  end(): Uint8Array[] {
    return [];
  }

  verdict() {
    return { action: 'pass' as const, findings: [], more: 0 };
  }
}

function scene(isLive = false) {
  const filter = new Holding();
  const sent: string[] = [];
  const flow: string[] = [];
  let begun = false;
  const reply: Partial<Reply> = {
    get begun() {
      return begun;
    },
    head: () => {
      begun = true;
    },
    write: (chunk) => sent.push(Buffer.from(chunk).toString()) > 0,
  };
  const exchange: Partial<Exchange> = { mayMove: () => true };
  const guard = new ResponseGuard({} as Gate, exchange as Exchange, { filter, isSized: false, isLive });
  guard.begin(reply as Reply, {
    status: 200,
    fields: [],
    pause: () => flow.push('pause'),
    resume: () => flow.push('resume'),
    abort: (error) => flow.push(error.message),
  });
  const push = async (text: string) => {
    guard.push(Buffer.from(text));
    await turns();
  };
  return { filter, guard, reply, push, sent, flow };
}

/** The clock stands still meanwhile. */
const turns = () => new Promise((resolve) => setImmediate(resolve));

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await turns();
}

describe('a stream through the guard', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is let go on when it was quiet for less than is promised, and not at once', async () => {
    const { push, sent } = scene();
    await push('words ');
    await pass(PROMISED_MS / 2);
    expect(sent).toEqual([]);
    await pass(PROMISED_MS / 2);
    expect(sent).toEqual(['words ']);
    await push('more ');
    await pass(PROMISED_MS);
    expect(sent).toEqual(['words ', 'more ']);
  });

  it('is let go on though it never is quiet', async () => {
    const { push, sent } = scene();
    let waited = 0;
    for (let ms = 0; ms < 200; ms += 5) {
      await push('w ');
      await pass(5);
      waited = Math.max(waited, ms / 5 + 1 - sent.length);
    }
    // Forty milliseconds of pieces, and the one under way.
    expect(waited).toBeLessThanOrEqual(9);
  });

  it('is let go on when it became quiet while another thread looked', async () => {
    const { push, sent, filter, flow } = scene();
    let looked = () => {};
    filter.elsewhere = new Promise((resolve) => {
      looked = resolve;
    });
    await push('words ');
    expect(flow).toEqual(['pause']);
    await pass(10 * PROMISED_MS);
    expect(sent).toEqual([]);
    looked();
    filter.elsewhere = null;
    await turns();
    expect(flow).toEqual(['pause', 'resume']);
    await pass(PROMISED_MS);
    expect(sent).toEqual(['words ']);
  });

  it.each([
    ['that is ordinary, after a while', false, HEAD_MS],
    ['of events, once the origin is quiet', true, PROMISED_MS],
  ])('says the head of a body %s, though nothing of it can go on', async (_what, isLive, ms) => {
    // Timers leave out parts of a millisecond: one may come before the time that it was set for.
    await pass(0.9);
    const { reply, push, filter, sent } = scene(isLive);
    filter.keeps = true;
    await turns();
    await pass(PROMISED_MS / 2 + 0.4);
    await push('x');
    expect(reply.begun).toBe(false);
    await pass(ms);
    expect(reply.begun).toBe(true);
    expect(sent).toEqual([]);
  });

  it('sets no timer any more once it has ended', async () => {
    const { push, guard } = scene();
    await push('words ');
    await pass(PROMISED_MS);
    await Promise.resolve()
      .then(() => guard.end([]))
      .catch(() => undefined);
    expect(vi.getTimerCount()).toBe(0);
  });
});
