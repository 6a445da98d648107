/** Of a text in which something was undone the same blocks are found near the changes as by looking at all of it. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shippedRules } from '../../../test/dlp/shipped-rules.ts';
import { touches } from '../ranges.ts';
import { base32Layers } from './base32.ts';
import { base64Layers, encodedRuns, firstLines, wrappedBase64Layers } from './base64.ts';
import { decimalLayers } from './decimal.ts';
import { hexDumpLayers, hexLayers } from './hex.ts';
import type { Layer } from './layer.ts';
import { layersOf, type View } from './layers-of.ts';
import { copied } from './splices.ts';

const { plan } = shippedRules();

const base64 = (length: number) =>
  fc
    .string({ minLength: length, maxLength: length })
    .map((text) => Buffer.from(text.padEnd(length, 'x')).toString('base64'));
const signs = fc.constantFrom(
  '%41',
  '%2F',
  '\\u0041',
  '\\/',
  '\\x41',
  '&#65;',
  '=41',
  '=3D',
  '=\n',
  '\u200b',
  'А',
  '%',
  '\\',
);
const ends = fc.constantFrom('\n', '\r\n', '\n  ', '\\n', '\\r\\n', '\r', '%0A', '\\u000a', ' ', '"', ', ');
const line = fc
  .tuple(base64(36), fc.nat(48), fc.option(signs, { nil: '' }))
  .map(([text, at, sign]) => `${text.slice(0, at)}${sign}${text.slice(at)}`);
const part = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(line, ends).map(([text, end]) => text + end) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.integer({ min: 10, max: 40 }), signs).map(([n, sign]) => `${'67:'.repeat(n)}${sign}68 `),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.integer({ min: 10, max: 40 }), signs).map(([n, sign]) => `${'103, '.repeat(n)}${sign}104 `),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.integer({ min: 10, max: 60 }), signs).map(([n, sign]) => `${'6a'.repeat(n)}${sign}6b `),
  },
  { weight: 2, arbitrary: signs },
  { weight: 2, arbitrary: fc.constantFrom('some words of text, ', ' and ', '{"a": "') },
);
const texts = fc.array(part, { minLength: 1, maxLength: 14 }).map((parts) => Buffer.from(parts.join('')));

const root = (text: Buffer): View => ({
  text,
  shown: text,
  seen: { hits: copied(plan.prefilter.scan(text)), changes: [] },
  kinds: [],
});

const placed = ({ encoding, decoded, outer }: Layer) =>
  `${encoding} ${outer(0, decoded.length).join()} ${decoded.toString('latin1')}`;

/** By looking at all of the text. */
function expected({ text, seen }: View): string[] {
  const isNew = (start: number, end: number) => seen.changes.every((ranges) => touches(ranges, start, end));
  const runs = encodedRuns(text);
  return [
    ...base64Layers(text, runs, isNew),
    ...wrappedBase64Layers(text, firstLines(text, runs), isNew),
    ...base32Layers(text, runs, isNew),
    ...hexLayers(text, runs, isNew),
    ...hexDumpLayers(text, isNew),
    ...decimalLayers(text, isNew),
  ].map(placed);
}

let met = 0;

function compare(view: View, depth: number): void {
  const all = [...layersOf(view)];
  const found = all.filter(({ kind }) => kind < 0).map(({ layer }) => placed(layer));
  const wanted = expected(view);
  expect(found).toEqual(wanted);
  if (view.seen.changes.length > 0) met += wanted.length;
  if (depth === 0) return;
  for (const { layer, kind, lines } of all) {
    const seen = layer.seen?.({ ...view.seen, lines }, plan);
    if (seen !== undefined)
      compare({ text: layer.decoded, shown: layer.decoded, seen, kinds: [...view.kinds, kind] }, depth - 1);
  }
}

it('finds near the changes what it finds in all of the text', () => {
  fc.assert(
    fc.property(texts, (text) => compare(root(text), 2)),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 400) },
  );
  // Of nothing nothing would be said.
  expect(met).toBeGreaterThan(100);
});
