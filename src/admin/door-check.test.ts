import { expect, test } from 'vitest';
import { doorFault, doorNames } from './door-check.ts';

const names = doorNames({ host: '127.0.0.1', port: 9128 }, ['gate.example']);

test.each([
  [{ host: '127.0.0.1:9128' }, null],
  [{ host: 'LOCALHOST:9128' }, null],
  [{ host: 'gate.example', origin: 'https://gate.example' }, null],
  [{}, 'foreign_host'],
  [{ host: 'rebound.example:9128' }, 'foreign_host'],
  [{ host: '127.0.0.1:9129' }, 'foreign_host'],
  [{ host: '127.0.0.1:9128', origin: 'http://evil.example' }, 'foreign_origin'],
  [{ host: '127.0.0.1:9128', origin: 'null' }, 'foreign_origin'],
  [{ host: '127.0.0.1:9128', 'sec-fetch-site': 'cross-site' }, 'foreign_origin'],
  [{ host: '127.0.0.1:9128', 'sec-fetch-site': 'same-site' }, 'foreign_origin'],
  [{ host: '127.0.0.1:9128', 'sec-fetch-site': 'Cross-Site' }, 'foreign_origin'],
  [{ host: '127.0.0.1:9128', 'sec-fetch-site': 'same-origin, cross-site' }, 'foreign_origin'],
  [{ host: '127.0.0.1:9128', 'sec-fetch-site': 'same-origin' }, null],
  [{ host: '127.0.0.1:9128', 'sec-fetch-site': 'none' }, null],
] as const)('T-83 the door judges a request with %j as %s', (headers, code) => {
  expect(doorFault(headers, names)?.code ?? null).toBe(code);
});
