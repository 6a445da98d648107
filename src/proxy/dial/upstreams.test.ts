import type { Pool } from 'undici';
import { expect, it } from 'vitest';
import { parseHost } from '../../core/host.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { createDialer } from './dialer.ts';
import { Upstreams } from './upstreams.ts';

const host = parseHost('a.test');
if (!host.ok) throw new Error('no host');
const origin = { pass: 'p_1', scheme: 'https', host: host.value, port: 443, addresses: [], h2: true } as const;

it('a pool that is given up is used no more, and others are left alone', async () => {
  const upstreams = new Upstreams(createDialer(DEFAULT_SETTINGS), DEFAULT_SETTINGS);
  const [given, other] = [origin, { ...origin, pass: 'p_2' }].map((one) => upstreams.pool(one)) as [Pool, Pool];
  expect(upstreams.pool(origin)).toBe(given);
  upstreams.discard(given);
  expect([given.closed, other.closed, upstreams.size]).toEqual([true, false, 1]);
  expect(upstreams.pool(origin)).not.toBe(given);
  expect(upstreams.pool({ ...origin, pass: 'p_2' })).toBe(other);
  await upstreams.close();
});
