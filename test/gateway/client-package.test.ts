import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { clientJavaScript } from '../../scripts/build-client.mjs';

test('`locktender/client` is what the source says, and can be imported by that name', async () => {
  expect(readFileSync('client/index.js', 'utf8')).toBe(clientJavaScript());
  const name = 'locktender/client';
  const client = (await import(name)) as Record<string, unknown>;
  expect(Object.keys(client).sort()).toEqual(['GatewayProblem', 'gatewayClient']);
  expect(readFileSync('client/types/gateway/client.d.ts', 'utf8')).toContain('gatewayClient');
});
