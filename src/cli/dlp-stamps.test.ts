import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { passedStamps } from './dlp-stamps.ts';

const root = mkdtempSync(join(tmpdir(), 'stamps-'));
afterAll(() => rmSync(root, { recursive: true }));
const cache = (name: string) => ({ XDG_CACHE_HOME: join(root, name) });

describe('stamps of rules that passed', () => {
  it('knows a digest from the time it was added', () => {
    const env = cache('one');
    expect(passedStamps(env).has('a')).toBe(false);
    passedStamps(env).add('a');
    passedStamps(env).add('b');
    const { has } = passedStamps(env);
    expect([has('a'), has('b'), has('c')]).toEqual([true, true, false]);
    expect(readFileSync(join(root, 'one/locktender/rules-passed'), 'utf8')).toMatch(/^[0-9a-f]{64}\n[0-9a-f]{64}\n$/);
  });

  it.each([
    ['a directory', 'locktender', 0o777],
    ['a file', 'locktender/rules-passed', 0o666],
  ])('believes nothing of %s that others can write', (_, path, mode) => {
    const env = cache(`open-${mode}`);
    passedStamps(env).add('a');
    chmodSync(join(env.XDG_CACHE_HOME, path), mode);
    expect(passedStamps(env).has('a')).toBe(false);
  });

  it('believes no digest that was written by hand', () => {
    const env = cache('forged');
    passedStamps(env).add('a');
    writeFileSync(join(env.XDG_CACHE_HOME, 'locktender/rules-passed'), 'b\n');
    expect(passedStamps(env).has('b')).toBe(false);
  });

  it.each([{}, { HOME: '' }, { HOME: '/proc/nowhere' }, { XDG_CACHE_HOME: 'relative' }])(
    'does without a place to keep them: %j',
    (env) => {
      passedStamps(env).add('a');
      expect(passedStamps(env).has('a')).toBe(false);
    },
  );
});
