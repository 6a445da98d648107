import { expect, it } from 'vitest';
import { ruleSet, SAMPLE_RULES } from '../../test/dlp/small-rules.ts';
import { candidatesOf } from './scan.ts';

it('looks at many letters beyond ASCII that fold once, not for each anchor among them (T-45)', () => {
  const rules = ruleSet(SAMPLE_RULES.replaceAll("'\\b(key-", "'(?i)(key-"));
  const decoys = '\u212aey- '.repeat(500_000);
  // Of half a million by half a million looks no test would see the end.
  const found = candidatesOf(Buffer.from(`${decoys}\u212aey-abcdefgh `), rules);
  const at = Buffer.byteLength(decoys);
  expect(found.map(({ start, end }) => [start, end])).toEqual([[at, at + Buffer.byteLength('\u212aey-abcdefgh')]]);
});
