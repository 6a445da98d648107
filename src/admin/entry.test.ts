import { expect, test } from 'vitest';
import { doorNames } from './door-check.ts';
import { entered } from './entry.ts';

const names = doorNames({ host: '127.0.0.1', port: 9128 }, []);
const OURS = '127.0.0.1:9128';

function enter(url: string, ...fields: readonly (readonly [string, string])[]) {
  const rawHeaders = [['Host', OURS], ...fields].flat();
  const outcome = entered({ url, rawHeaders, headers: { host: OURS } }, names);
  return 'target' in outcome ? outcome.target : outcome.refused.code;
}

test.each([
  ['/v1/status', '/v1/status'],
  ['/v1/audit?text=a//b/../c', '/v1/audit?text=a//b/../c'],
  ['/v1/hosts/*.example.com/deny', '/v1/hosts/*.example.com/deny'],
  ['/console/tasks?task=t_1', '/console/tasks?task=t_1'],
  ['http://127.0.0.1:9128/v1/status?x=1', '/v1/status?x=1'],
  ['HTTP://127.0.0.1:9128', '/'],
  ['http://evil.example/v1/status', 'foreign_host'],
  ['http://u:p@127.0.0.1:9128/v1/status', 'foreign_host'],
  ['http://127.0.0.1/v1/status', 'foreign_host'],
  ['//evil.example/v1/status', 'bad_request'],
  ['///v1/status', 'bad_request'],
  ['/console/../v1/status', 'bad_request'],
  ['/v1/%2e%2e/v1/status', 'bad_request'],
  ['/v1/./status', 'bad_request'],
  ['/v1\\status', 'bad_request'],
  ['/v1/status#part', 'bad_request'],
  ['/v1/stat\u00fcs', 'bad_request'],
  ['*', 'bad_request'],
  ['127.0.0.1:9128', 'bad_request'],
  ['ftp://127.0.0.1:9128/v1/status', 'bad_request'],
  ['', 'bad_request'],
])('T-83 the target %s comes in as %s', (url, expected) => {
  expect(enter(url)).toBe(expected);
});

test.each(['Host', 'authorization', 'Content-Type', 'If-Match', 'Origin', 'Sec-Fetch-Site', 'Last-Event-ID'])(
  'T-83 a second %s is refused, whichever says what',
  (name) => {
    expect(enter('/v1/status', [name, 'a'], [name.toUpperCase(), 'a'])).toBe('bad_request');
  },
);

test('T-83 fields that decide nothing may come twice', () => {
  expect(enter('/v1/status', ['Accept', 'a'], ['Accept', 'b'], ['Cookie', 'a'], ['Cookie', 'b'])).toBe('/v1/status');
});
