/** Of a text in which something was undone, all is found that a search of the whole of it finds and the old text did not show. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shippedRules } from '../../../test/dlp/shipped-rules.ts';
import { type Candidate, candidatesOf, NOWHERE } from '../scan.ts';
import { jsonLayer, percentLayer, quotedPrintableLayer } from './escapes.ts';
import { confusableLayer, invisibleLayer } from './letters.ts';
import { copied, nearChanges, type SplicedLayer, type Undone } from './splices.ts';
import { terminalLayer } from './terminal.ts';

const set = shippedRules();
const { plan } = set;
const samples = set.rules.flatMap(({ spec }) => spec.tests.match);
const UNDO = { percentLayer, jsonLayer, quotedPrintableLayer, invisibleLayer, confusableLayer, terminalLayer };

const filler = fc.oneof(
  fc.integer({ min: 1, max: 400 }).map((n) => 'some words of text, '.repeat(40).slice(0, n)),
  fc.string({ maxLength: 20 }),
  fc.constantFrom(...samples),
);
const escaped = fc.constantFrom(
  '%20',
  '%2D',
  '\\u003d',
  '\\/',
  '\\n',
  '\x1b[0m',
  '=3D',
  '=\n',
  '\u200b',
  'Ａ',
  'А',
  '%',
  '\\',
  '=',
);
const cutSample = fc
  .tuple(fc.constantFrom(...samples), fc.nat(80), escaped)
  .map(([text, at, sign]) => `${text.slice(0, at)}${sign}${text.slice(at)}`);
const texts = fc
  .array(fc.oneof(filler, cutSample, escaped), { minLength: 1, maxLength: 12 })
  .map((parts) => Buffer.from(parts.join('')));

const places = (numbers: Int32Array, count: number) => {
  const out = new Set<string>();
  for (let i = 0; i < 2 * count; i += 2) out.add(`${numbers[i]} ${numbers[i + 1]}`);
  return out;
};

it('knows a keyword that stands in the new text away from what changed, and in the old one further away as well', () => {
  const far = 'some words '.repeat(4000);
  const near = 'and more '.repeat(40);
  const text = Buffer.from(`swedish ${far} swedish ${near} number: 8112\\u003189876.`);
  const seen = { hits: copied(plan.prefilter.scan(text)), changes: [] };
  const [layer] = [...nearChanges(jsonLayer(text) as Undone)] as [SplicedLayer];
  const found = candidatesOf(layer.decoded, set, NOWHERE, layer.seen(seen, plan));
  expect(
    found.map(({ rule, start, end }) => [rule.spec.id, layer.decoded.toString('utf8', start, end)]),
  ).toContainEqual(['sweden-personnummer-digits', '8112189876']);
});

describe.each(Object.entries(UNDO))('%s', (_, undo) => {
  const carries = (text: Buffer) => {
    const undone = undo(text);
    if (undone === null) return;
    const before = { hits: copied(plan.prefilter.scan(text)), changes: [] };
    for (const layer of nearChanges(undone)) {
      const { hits } = layer.seen(before, plan);
      const { numbers, count } = plan.prefilter.scan(layer.decoded);
      expect(places(hits.numbers, hits.count)).toEqual(places(numbers, count));
    }
  };

  it('carries over what the prefilter found, and finds again what is near a change', () => {
    fc.assert(fc.property(texts, carries), { numRuns: Number(process.env['FUZZ_RUNS'] ?? 60) });
  });

  it('finds again what looks at a change from as far as it may', () => {
    for (const [i, sample] of samples.entries())
      for (const sign of ['%3D', '\\u003d', '=3D', '\u200b', 'Ａ'])
        carries(
          Buffer.from(`${sample}${'some more words '.repeat(12).slice(0, 16 + ((i * 7) % 176))}${sign}${sample}`),
        );
  });

  it('loses nothing that the new text shows and the old one does not', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const undone = undo(text);
        if (undone === null) return;
        const seen = { hits: copied(plan.prefilter.scan(text)), changes: [] };
        const shown = ({ rule, likelihood }: Candidate, start: number, end: number) =>
          `${rule.spec.id} ${likelihood} ${start}-${end}`;
        const clear = new Set(candidatesOf(text, set).map((one) => shown(one, one.start, one.end)));
        for (const layer of nearChanges(undone)) {
          const inNew = candidatesOf(layer.decoded, set, NOWHERE, layer.seen(seen, plan));
          const found = new Set(inNew.map((one) => shown(one, one.start, one.end)));
          for (const one of candidatesOf(layer.decoded, set)) {
            if (found.has(shown(one, one.start, one.end))) continue;
            expect(clear).toContain(shown(one, ...layer.outer(one.start, one.end)));
          }
        }
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 60) },
    );
  });
});
