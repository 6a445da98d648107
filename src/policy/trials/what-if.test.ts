/** `decide` from outside: what a door would refuse is refused with its reason, and reads by protocol need no option. */

import { expect, test } from 'vitest';
import { NOW, snapshot } from '../../../test/policy/fixture.ts';
import { type WhatIf, whatIf } from './what-if.ts';

const ask = (over: Partial<WhatIf>) =>
  whatIf(
    { tenant: 'acme', class: 'code', profile: null, risk: 0, method: 'GET', url: 'https://example.org/', ...over },
    snapshot(),
    NOW,
  );
const verdict = (over: Partial<WhatIf>): string => {
  const answer = ask(over);
  return answer.ok ? `${answer.value.effect} ${answer.value.reason}` : `error: ${answer.error}`;
};

test.each([
  ['POST', 'https://github.com/a/b.git/git-upload-pack', 'allow capability_grants'],
  ['POST', 'https://github.com/a/b/info/lfs/objects/batch', 'allow capability_grants'],
  ['POST', 'https://github.com/a/b.git/git-receive-pack', 'deny default_deny'],
  ['POST', 'https://example.org/a/b.git/git-upload-pack', 'deny default_deny'],
  ['POST', 'https://github.com/a/../b.git/git-upload-pack', 'deny default_deny'],
  ['CONNECT', 'https://github.com/', 'allow capability_grants'],
  ['get', 'https://example.org/', 'allow capability_grants'],
  ['TRACE', 'https://example.org/', 'deny method_not_allowed'],
  ['PROPFIND', 'https://example.org/', 'deny method_not_allowed'],
])('%s %s under code: %s', (method, url, expected) => {
  expect(verdict({ method, url })).toBe(expected);
});

test('a body of another type is not the read that the protocol means', () => {
  const url = 'https://github.com/a/b.git/git-upload-pack';
  expect(verdict({ method: 'POST', url, contentType: 'text/plain' })).toBe('deny default_deny');
});

test.each([
  'https://user:hunter2@example.org/',
  'https://a..b/',
  'https://exa%6dple.org/',
  'https://exa mple.org/',
  'http://[fe80::1%25eth0]/',
  'http://[[::1]]/',
  'https://example.org:0/',
  'https://example.org:65536/',
  'https://example.org../',
  'http://1.2.3.4.5/',
  'https://xn--zzzzzz-.example/',
  'ftp://example.org/',
])('T-10 T-13 T-15 %s is refused as a door refuses it', (url) => {
  expect(verdict({ url })).toBe('deny target_invalid');
  expect(JSON.stringify(ask({ url }))).not.toContain('hunter2');
});

test.each(['', 'example.org', '/path', 'https://'])('`%s` is no question', (url) => {
  expect(ask({ url }).ok).toBe(false);
});

test('a tenant that no pass could name is no question', () => {
  expect(ask({ tenant: 'ac me' }).ok).toBe(false);
});

test('a task that is not admitted is answered with its host, categories and facts', () => {
  const answer = ask({ class: 'nosuch', url: 'https://pypi.org/' });
  expect(answer.ok && answer.value).toMatchObject({
    reason: 'pass_not_admitted',
    step: 'pass_invalid',
    categories: ['package-registries'],
    facts: expect.arrayContaining(['class:nosuch', 'host:pypi.org', 'tenant:acme', 'category:package-registries']),
  });
});
