import { expect, it } from 'vitest';
import { shippedRules } from '../../test/dlp/shipped-rules.ts';
import { scan } from './scan.ts';

const rules = shippedRules();
const JWT =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI3QmYyOXhRcSIsImlhdCI6MTcxNjIzOTAyMn0.q8Vt2mXz4Lp0kR2b7Qm9Xw4Zt6Vp1Ls8Nq3Yd5Hc7Jf';

function found(text: string): string[] {
  return scan(Buffer.from(text), rules).map(({ rule, likelihood }) => `${rule.spec.info_type} ${likelihood}`);
}

it('a secret that a name announces is still told by its own type', () => {
  expect(found(JWT)).toEqual(['JSON_WEB_TOKEN LIKELY']);
  expect(found(`NORTHFLANK_TOKEN=${JWT}`)).toEqual(['JSON_WEB_TOKEN LIKELY']);
});

it('what the name makes surer stays so', () => {
  const value = '4kQ2vR7nLp0zXw4TbG8sYc';
  expect(found(`MODAL_TOKEN_SECRET="as-${value}"`)[0]).toMatch(/^MODAL_KEY (?:VERY_)?LIKELY$/);
});

it('a value that only its name tells stays what it was', () => {
  expect(found('auth_token = "8kQ2vR7nLp0zXw4T"')).toEqual(['GENERIC_SECRET LIKELY']);
});
