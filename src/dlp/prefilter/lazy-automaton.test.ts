/** What may lie around an anchor: it never says no where an expression matches, and it counts. */

import fc from 'fast-check';
import RE2 from 're2';
import { describe, expect, it } from 'vitest';
import { LazyAutomaton } from './lazy-automaton.ts';
import { parseRegex } from './parse-regex.ts';
import { positionsOf } from './positions.ts';

function positions(regex: string, backwards = false) {
  const tree = parseRegex(regex);
  if (tree === null) throw new Error(`not read: ${regex}`);
  return positionsOf([[tree]], backwards);
}

const follows = (regex: string, text: string, at = 0) =>
  new LazyAutomaton(positions(regex)).fits(Buffer.from(text), Buffer.from(text.slice(0, at)).length, 0);
const precedes = (regex: string, text: string) =>
  new LazyAutomaton(positions(regex, true), { backwards: true }).fits(Buffer.from(text), Buffer.from(text).length, 0);

describe('what follows a place', () => {
  it.each([
    ['exactly so many', '[0-9]{13}x', '1234567890123x', '12345678901234x'],
    ['one more or less', '[0-9]{3,5}x', '12345x', '123456x'],
    ['at least so many', '[0-9]{3,}x', `${'1'.repeat(200)}x`, '12x'],
    ['no further away', '[^0-9\\n]{0,80}?[0-9]', `${' '.repeat(80)}1`, `${' '.repeat(81)}1`],
    ['no further away, in characters', '.{0,20}x', `${'é'.repeat(20)}x`, `${'é'.repeat(21)}x`],
    ['no further away after a group', '(?:[a-z]{0,30}=){1,2}[0-9]', `${'a'.repeat(30)}=1`, `${'a'.repeat(80)}=1`],
    ['a word that ends', '[a-z]{3}\\b', 'abc-', 'abcd'],
    ['a word that ends with the text', '[a-z]{3}\\b', 'abc', 'ab'],
    ['the end of the text', '[a-z]{3}$', 'abc', 'abc\n'],
    ['one of several', '(?:ab|cd{2,9})e', 'cddde', 'cde'],
    ['an s for the long one', '(?i)ſx', 'sx', 'ax'],
    ['a K for the Kelvin sign', '(?i)\\x{212a}x', 'Kx', 'ax'],
    ['an S for one of a class', '(?i)[é密ſ]x', 'Sx', 'ax'],
    ['a k for one of a range', '(?i)[\\x{100}-\\x{3000}]x', 'kx', 'ax'],
    ['what is beyond ASCII', 'é[à-ü]x', 'éüx', 'eüx'],
  ])('%s', (_what, regex, fits, fitsNot) => {
    expect(follows(regex, fits)).toBe(true);
    expect(follows(regex, fitsNot)).toBe(false);
  });

  it('begins with the edge of a word or not, by what stands before the place', () => {
    expect(follows('\\bkey', ' key', 1)).toBe(true);
    expect(follows('\\bkey', 'akey', 1)).toBe(false);
  });

  it('fits where it is too far to look', () => {
    expect(follows('[^#]*#', 'a'.repeat(10_000))).toBe(true);
    expect(follows('[^#]*#', 'a'.repeat(1000))).toBe(false);
  });
});

describe('states', () => {
  it('are made anew once there are too many, so that no text makes it say yes to those that come after', () => {
    const regex = '[ab]*a[ab]{9}#';
    const automaton = new LazyAutomaton(positions(regex), { mostStates: 32 });
    const refuses = () => !automaton.fits(Buffer.from('bbbb-'), 0, 0);
    expect(refuses()).toBe(true);
    const all = Array.from({ length: 1024 }, (_, i) => i.toString(2).padStart(10, '0')).join('');
    expect(automaton.fits(Buffer.from(all.replaceAll('0', 'a').replaceAll('1', 'b')), 0, 0)).toBe(true);
    expect(refuses()).toBe(true);
    expect(automaton.fits(Buffer.from('babbbbbbbbb#'), 0, 0)).toBe(true);
    expect(automaton.fits(Buffer.from('bbbbbbbbbbb#'), 0, 0)).toBe(false);
  });

  it('cost what they take to make', () => {
    const automaton = new LazyAutomaton(positions('[a-z]{9}#'));
    const sample = Buffer.from('abcdefghi-');
    automaton.fits(sample, 0, 0);
    const first = automaton.spent;
    automaton.fits(sample, 0, 0);
    expect(automaton.spent - first).toBe(10);
    expect(first).toBeGreaterThan(2000);
  });
});

describe('what stands before a place', () => {
  it.each([
    ['read from its end', '[a-z]{2,4}=[0-9]{2}', 'abc=12', 'abc=123'],
    ['the beginning of the text', '^[a-z]{3}', 'abc', 'abcd'],
    ['a word that begins', '\\b[a-z]{3}', '-abc', 'zabc'],
    ['no further away', '#[^\\n]{0,60}', `#${'a'.repeat(60)}`, `#${'a'.repeat(61)}`],
    ['in characters', '#.{0,6}', `#${'密'.repeat(6)}`, `#${'密'.repeat(7)}`],
  ])('%s', (_what, regex, fits, fitsNot) => {
    expect(precedes(regex, fits)).toBe(true);
    expect(precedes(regex, fitsNot)).toBe(false);
  });
});

const { expression } = fc.letrec<{ expression: string; piece: string }>((tie) => ({
  expression: fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
  piece: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('a', 'k', '-', 'é', '[a-c]', '[^a\\n]', '\\w', '.', '\\b', '\\s', '(?i:ks)'),
    fc
      .tuple(tie('expression'), fc.constantFrom('?', '*', '+', '{2}', '{1,2}', '{0,5}', '{3,9}', '{2,}', '{0,3}?'))
      .map(([inner, count]) => `(?:${inner})${count}`),
    fc.tuple(tie('expression'), tie('expression')).map((parts) => `(?:${parts.join('|')})`),
  ),
}));
const text = fc
  .array(fc.constantFrom('a', 'b', 'k', 'K', 's', '-', ' ', '\n', 'é', '密', '_', '0', 'ab', 'aaaa'), { maxLength: 24 })
  .map((parts) => parts.join(''));

describe('any expression', () => {
  it('is never refused where it matches, forwards and backwards, nor by all of its states written out', () => {
    fc.assert(
      fc.property(expression, text, (regex, sample) => {
        const bytes = Buffer.from(sample);
        const matches = matchesOf(regex, sample);
        const ahead = new LazyAutomaton(positions(regex));
        const back = new LazyAutomaton(positions(regex, true), { backwards: true });
        const table = new LazyAutomaton(positions(regex), { freeEdges: true, mostStates: 96 }).whole(0);
        for (const { index, 0: match } of matches) {
          const from = Buffer.byteLength(sample.slice(0, index));
          expect(ahead.fits(bytes, from, 0)).toBe(true);
          expect(back.fits(bytes, from + Buffer.byteLength(match), 0)).toBe(true);
          expect(table === null || walks(table, bytes.subarray(from))).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** None where RE2 does not take so large a repeat. */
function matchesOf(regex: string, sample: string): RegExpExecArray[] {
  try {
    return [...sample.matchAll(new RE2(regex, 'gu') as unknown as RegExp)];
  } catch {
    return [];
  }
}

/** As the inner loop does it. */
function walks(table: Uint8Array, text: Uint8Array): boolean {
  let state = 2;
  for (const byte of text) {
    state = table[(state << 8) + byte] as number;
    if (state < 2) return state === 1;
  }
  return true;
}
