import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameWriter, type WhenBehind } from './frame-writer.ts';

const entry = (seq: number, effect = 'allow') => ({
  seq,
  text: `{"effect":"${effect}","type":"decision"}`,
  event: { type: 'decision', tenant: 'acme', effect },
});

function reader(whenBehind: WhenBehind) {
  const pieces: string[] = [];
  const answer = {
    writableLength: 0,
    destroyed: false,
    write: (piece: string) => pieces.push(piece) > 0,
    end: () => answer,
    destroy: () => {
      answer.destroyed = true;
      return answer;
    },
  };
  return { answer, pieces, writer: new FrameWriter(answer as never, whenBehind) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('events to one reader', () => {
  it('go out many in one piece, each as the record has it', () => {
    const { writer, pieces } = reader('end');
    for (let seq = 0; seq < 100; seq += 1) writer.add(entry(seq));
    expect(pieces).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(pieces).toHaveLength(1);
    const [first] = (pieces[0] ?? '').split('\n\n');
    expect(first).toBe('id: 0\nevent: decision\ndata: {"seq":0,"event":{"effect":"allow","type":"decision"}}');
  });

  it('go out at once when a piece is full', () => {
    const { writer, pieces } = reader('end');
    for (let seq = 0; seq < 2000; seq += 1) writer.add(entry(seq));
    expect(pieces.length).toBeGreaterThan(1);
  });

  it('end for a reader that is behind, which resumes', () => {
    const { writer, answer } = reader('end');
    answer.writableLength = 5_000_000;
    writer.add(entry(0));
    expect(answer.destroyed).toBe(true);
  });

  it('are counted for one that watches, and told before what is next', () => {
    const { writer, answer, pieces } = reader('skip');
    answer.writableLength = 600_000;
    for (const [seq, effect] of ['allow', 'deny', 'deny'].entries()) writer.add(entry(seq, effect));
    vi.advanceTimersByTime(1000);
    expect([pieces, answer.destroyed]).toEqual([[], false]);
    answer.writableLength = 0;
    writer.add(entry(3));
    vi.advanceTimersByTime(100);
    expect(pieces.join('')).toMatch(
      /^id: 2\nevent: passed_over\ndata: \{"seq":2,"passed_over":\{"entries":3,"denied":2\}\}\n\nid: 3\n/,
    );
  });

  it('are told of even when nothing comes after', () => {
    const { writer, answer, pieces } = reader('skip');
    answer.writableLength = 600_000;
    writer.add(entry(0));
    answer.writableLength = 0;
    vi.advanceTimersByTime(200);
    expect(pieces.join('')).toContain('"entries":1');
    writer.close();
  });
});
