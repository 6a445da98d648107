import { expect, test } from 'vitest';
import { roleOf } from './roles.ts';

const rules = {
  actorClaim: 'email',
  roleClaim: 'groups',
  roles: { admin: ['gate-admins'], viewer: ['staff', 'guests'] },
};

test.each([
  [{ sub: '1', email: 'ann@x.test', groups: ['staff', 'gate-admins'] }, 'oidc:ann@x.test admin'],
  [{ sub: '1', email: 'ann@x.test', groups: 'guests' }, 'oidc:ann@x.test viewer'],
  [{ sub: '1', email: 'boss@x.test', email_verified: false, groups: ['staff'] }, 'oidc:1 viewer'],
  [{ sub: '1', groups: ['staff'] }, 'oidc:1 viewer'],
  [{ sub: '1', email: 'ann@x.test', groups: ['others'] }, null],
  [{ sub: '1', email: 'ann@x.test' }, null],
  [{ sub: '1', groups: [{ name: 'staff' }, 7] }, null],
  [{ groups: ['staff'] }, null],
])('%j becomes %s', (claims, expected) => {
  const found = roleOf(claims, rules);
  expect(found && `${found.name} ${found.role}`).toBe(expected);
});

test('groups may stand inside another claim', () => {
  const nested = { ...rules, roleClaim: 'realm_access/roles' };
  expect(roleOf({ sub: '1', realm_access: { roles: ['staff'] } }, nested)?.role).toBe('viewer');
  expect(roleOf({ sub: '1', realm_access: null }, nested)).toBeNull();
});
