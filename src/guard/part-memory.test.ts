import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { compileRules } from '../dlp/rule-set.ts';
import { PartMemory } from './part-memory.ts';

const TOKEN = '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';
const RULES = `version: 1
rules:
  - id: github-pat
    description: GitHub token
    info_type: GITHUB_TOKEN
    kind: secret
    regex: '\\b(ghp_[0-9A-Za-z]{36})\\b'
    secret_group: 1
    likelihood: LIKELY
    severity: high
    actions: { result: redact, request: block }
    tests: { match: ['${TOKEN}'], no_match: ['ghp_short'] }
`;
const set = compileRules([{ path: 'r.yaml', text: RULES }], (t) => createHash('sha256').update(t).digest('hex'));
if (!set.ok) throw new Error(JSON.stringify(set.error));
const rules = set.value;

const owner = (task: string) => ({ tenant: 't', task });
const part = (value: string, name = 'q') => [{ name, value: Buffer.from(value) }];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('parts of what a task sent', () => {
  it('T-36 are put together over many sends, whatever its memory is made of', () => {
    const memory = new PartMemory(rules);
    // More than its first block holds, under other names.
    for (let i = 0; i < 40; i += 1) memory.add(owner('k'), part('x'.repeat(100), `n${i % 20}`));
    for (const piece of TOKEN.match(/.{1,9}/g)?.slice(0, -1) ?? []) {
      expect(memory.add(owner('k'), part(piece))).toEqual([]);
      memory.add(owner('k'), part('y'.repeat(100), 'other'));
    }
    expect(memory.add(owner('k'), part(TOKEN.slice(36)))).toHaveLength(1);
    expect(memory.add(owner('other'), part(TOKEN.slice(36)))).toEqual([]);
  });

  it('T-48 hold no more memory than they are long: not the block of a pool that each was cut from', async () => {
    const memory = new PartMemory(rules);
    collect();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 500; i += 1) {
      const pool = Buffer.allocUnsafeSlow(64 * 1024);
      pool.write('value', 100);
      memory.add(owner(`task-${i}`), [{ name: 'q', value: pool.subarray(100, 105) }]);
    }
    // 500 blocks would be 32 MB. What is free is given back by another thread, after the collection.
    const kept = () => {
      collect();
      return process.memoryUsage().arrayBuffers - before;
    };
    await expect.poll(kept, { timeout: 5000 }).toBeLessThan(4 * 1024 * 1024);
    // It is held until here.
    expect(memory.add(owner('task-0'), part('more'))).toEqual([]);
  });
});
