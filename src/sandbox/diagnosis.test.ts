import { expect, it } from 'vitest';
import { REASONS } from '../core/reasons.ts';
import { diagnose } from './diagnosis.ts';

it.each([
  ['curl: (56) CONNECT tunnel failed, response 403', /^it was denied/],
  ['curl: (56) Received HTTP code 403 from proxy after CONNECT', /^it was denied/],
  ['OSError: Tunnel connection failed: 403 Forbidden (category_blocked)', new RegExp(REASONS.category_blocked.help)],
  ['{"error":{"code":"default_deny","message":"no capability"', new RegExp(REASONS.default_deny.help)],
  ['fatal: unable to access: CONNECT tunnel failed, response 407', new RegExp(REASONS.pass_missing.help)],
  ['curl: (60) SSL certificate problem: unable to get local issuer certificate', /CA variable/],
  ['curl: (6) Could not resolve host: docs.demo.test', /went round the gate/],
])('%s', (printed, fix) => {
  expect(diagnose(printed)).toMatch(fix);
});

it('knows nothing of what it does not know', () => {
  expect(diagnose('hello')).toBeNull();
  expect(diagnose('{"error":{"code":"constructor"')).toBeNull();
});
