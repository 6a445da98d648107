import { expect, test } from 'vitest';
import type { Principal } from '../../core/principal.ts';
import type { Gate } from '../gate.ts';
import { createEgress } from './egress.ts';

test('a request that was aborted before it began is told so, and asks nothing of the gate', async () => {
  const touched: PropertyKey[] = [];
  const gate = new Proxy({} as Gate, { get: (_, part) => void touched.push(part) });
  const request = { method: 'GET', url: 'https://example.com/', headers: [], body: null, signal: AbortSignal.abort() };
  const asked = async () => createEgress(gate).fetch({} as Principal, request);
  await expect(asked()).rejects.toThrow('the request was aborted');
  expect(touched).toEqual([]);
});
