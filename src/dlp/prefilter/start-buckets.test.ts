import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PlaceEntry } from './image-parts.ts';
import { START_BYTES } from './layout.ts';
import { OUTSIDE, type PlaceSet } from './set-sequence.ts';
import { bucketsOf } from './start-buckets.ts';
import { MOST_CLASSES, startClasses } from './start-classes.ts';

const ALPHABET = [...'09afzAFZ -_./\n\u00e9'].map((char) => char.charCodeAt(0));

const set = fc.uniqueArray(fc.constantFrom(...ALPHABET, OUTSIDE), { minLength: 1 }).map((bytes): PlaceSet => {
  const has = new Uint8Array(OUTSIDE + 1);
  for (const byte of bytes) has[byte] = 1;
  return has;
});

const place = fc.record({
  before: fc.array(set, { maxLength: 1 }),
  after: fc.array(set, { minLength: 1, maxLength: START_BYTES }),
  automaton: fc.constant(null),
});

const text = fc.array(fc.constantFrom(...ALPHABET), { minLength: 1 + START_BYTES, maxLength: 1 + START_BYTES });

it('lets every place through that may begin, however many are put together', () => {
  fc.assert(
    fc.property(fc.array(place, { minLength: 1, maxLength: 40 }), text, fc.nat(), (places, noise, chosen) => {
      const classes = startClasses(places);
      expect(Math.max(...classes)).toBeLessThan(MOST_CLASSES);
      const buckets = bucketsOf(places, classes);
      const bytes = fitting(places[chosen % places.length] as PlaceEntry, noise);
      const isIn = bytes.every((byte) => byte !== OUTSIDE);
      fc.pre(isIn);
      expect(
        buckets.some(({ masks }) => masks.every((mask, i) => (mask >>> (classes[bytes[i] as number] ?? 0)) & 1)),
      ).toBe(true);
    }),
  );
});

it('keeps apart what one place asks for from what stands in words', () => {
  const digits = setOf('0123456789');
  const edge = setOf(' .,;:"\'()\n');
  const classes = startClasses([
    { before: [edge], after: Array.from({ length: START_BYTES }, () => digits), automaton: null },
  ]);
  const [bucket] = bucketsOf([{ before: [edge], after: [digits, digits], automaton: null }], classes);
  const allows = (at: number, char: string) => ((bucket?.masks[at] ?? 0) >>> (classes[char.charCodeAt(0)] ?? 0)) & 1;
  expect([allows(0, ' '), allows(0, 'a'), allows(1, '7'), allows(1, 'a'), allows(1, '-'), allows(3, 'a')]).toEqual([
    1, 0, 1, 0, 0, 1,
  ]);
});

/** The byte before the place and its first ones, where it says nothing those of the noise. */
function fitting({ before, after }: PlaceEntry, noise: readonly number[]): number[] {
  return noise.map((byte, i) => {
    const asked = i === 0 ? before[0] : after[i - 1];
    if (asked === undefined || asked[byte] === 1) return byte;
    return asked.indexOf(1);
  });
}

function setOf(chars: string): PlaceSet {
  const has = new Uint8Array(OUTSIDE + 1);
  for (const char of chars) has[char.charCodeAt(0)] = 1;
  return has;
}
