import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openTokens, type Tokens } from './tokens.ts';

const dir = mkdtempSync(join(tmpdir(), 'locktender-tokens-'));
afterAll(() => rmSync(dir, { recursive: true }));

it('changes that come together are all made: what was revoked stays revoked, and nobody who came in is forgotten', async () => {
  let kept: unknown = null;
  const documents = {
    read: () => kept,
    write: async (_: string, value: unknown) => {
      await new Promise(setImmediate);
      kept = value;
    },
  };
  const clock = { now: () => 1000, monotonic: () => 0 };
  const open = () => openTokens({ documents, file: join(dir, 'admin-token'), clock });
  const tokens: Tokens = await open();
  const ann = await tokens.make({ name: 'ann', role: 'admin', ttl_ms: null });
  const [, bob, eve] = await Promise.all([
    tokens.revoke(ann.id),
    tokens.make({ name: 'bob', role: 'viewer', ttl_ms: null }),
    tokens.make({ name: 'eve', role: 'viewer', ttl_ms: null }),
  ]);
  for (const now of [tokens, await open()]) {
    expect(now.list().map(({ name }) => name)).toEqual(['local', 'bob', 'eve']);
    expect([ann, bob, eve].map(({ token }) => now.verify(token)?.name ?? null)).toEqual([null, 'bob', 'eve']);
  }
});
