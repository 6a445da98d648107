import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { FIELDS, type Filterable, parseFilter, termOf, withTerm } from './filter.ts';

const ONE: Filterable = {
  effect: ['deny'],
  reason: ['category_blocked'],
  tenant: ['acme'],
  task: ['t_1'],
  host: ['files.demo.test'],
  method: ['GET'],
  path: ['/a b'],
  category: ['net-disks', 'file-sharing'],
  capability: [],
  door: ['https'],
};

describe('the filter of the live page', () => {
  test.each([
    ['', true],
    ['deny', true],
    ['DENY Files', true],
    ['allow', false],
    ['-allow', true],
    ['effect:deny', true],
    ['effect:allow|deny', true],
    ['-effect:deny', false],
    ['tenant:acme host:*.demo.test', true],
    ['host:demo.test', true],
    ['host:*.demo', false],
    ['host:f*s.*test', true],
    ['host:files.demo.test*files.demo.test', false],
    ['path:"/a b"', true],
    ['"a b" method:get', true],
    ['category:net-disks -category:gambling', true],
    ['capability:net', false],
    ['task:t_2|t_1', true],
  ])('%s fits: %s', (text, fits) => {
    expect(parseFilter(text).fits(ONE)).toBe(fits);
  });

  it('names a field that does not exist, and goes on with the rest', () => {
    const filter = parseFilter('colour:red tenant:globex');
    expect([filter.problem?.includes('“colour”'), filter.fits(ONE)]).toEqual([true, false]);
  });

  it('takes any text without throwing, and says no to a term exactly when its opposite says yes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseFilter(text).fits(ONE);
      }),
    );
    const value = fc.stringMatching(/^[a-z*._]{1,8}$/);
    fc.assert(
      fc.property(fc.constantFrom(...FIELDS), value, (field, of) => {
        const term = `${field}:${of}`;
        expect(parseFilter(term).fits(ONE)).toBe(!parseFilter(`-${term}`).fits(ONE));
      }),
    );
  });

  it('puts a condition in and takes it out again', () => {
    expect(withTerm('acme effect:allow', 'effect', 'deny')).toBe('acme effect:deny');
    expect(withTerm('effect:allow acme', 'effect', null)).toBe('acme');
    expect(termOf('acme effect:deny', 'effect')).toBe('deny');
    expect(termOf('acme', 'effect')).toBeNull();
  });
});
