import { describe, expect, it } from 'vitest';
import { buffersInUse, heapInUse } from '../../test/collected.ts';
import { GITHUB_RULES, GITHUB_TOKEN, ruleSet } from '../../test/dlp/small-rules.ts';
import { PartMemory } from './part-memory.ts';

const rules = ruleSet(GITHUB_RULES);

const owner = (task: string) => ({ tenant: 't', task });
const part = (value: string, name = 'q') => [{ name, value: Buffer.from(value) }];

describe('parts of what a task sent', () => {
  it('T-36 are put together over many sends, whatever its memory is made of', () => {
    const memory = new PartMemory(rules);
    // More than its first block holds, under other names.
    for (let i = 0; i < 40; i += 1) memory.add(owner('k'), part('x'.repeat(100), `n${i % 20}`));
    for (const piece of GITHUB_TOKEN.match(/.{1,9}/g)?.slice(0, -1) ?? []) {
      expect(memory.add(owner('k'), part(piece))).toEqual([]);
      memory.add(owner('k'), part('y'.repeat(100), 'other'));
    }
    expect(memory.add(owner('k'), part(GITHUB_TOKEN.slice(36)))).toHaveLength(1);
    expect(memory.add(owner('other'), part(GITHUB_TOKEN.slice(36)))).toEqual([]);
  });

  it('T-48 hold no more memory than they are long: not the block of a pool that each was cut from', async () => {
    const memory = new PartMemory(rules);
    const before = await buffersInUse();
    for (let i = 0; i < 500; i += 1) {
      const pool = Buffer.allocUnsafeSlow(64 * 1024);
      pool.write('value', 100);
      memory.add(owner(`task-${i}`), [{ name: 'q', value: pool.subarray(100, 105) }]);
    }
    // 500 blocks would be 32 MB.
    expect((await buffersInUse()) - before).toBeLessThan(4 * 1024 * 1024);
    // It is held until here.
    expect(memory.add(owner('task-0'), part('more'))).toEqual([]);
  });

  it('T-48 hold no more memory than they are long: not the head that a name stood in', () => {
    const memory = new PartMemory(rules);
    const before = heapInUse();
    for (let i = 0; i < 200; i += 1) {
      const name = `x-name-of-a-field-${i}: ${'y'.repeat(20_000)}`.slice(0, 20);
      memory.add(owner(`task-${i}`), part('value', name));
      memory.add(owner(`task-${i}`), part('value', name));
    }
    // The heads are 4 MB.
    expect(heapInUse() - before).toBeLessThan(2e6);
    expect(memory.add(owner('task-0'), part('more'))).toEqual([]);
  });
});
