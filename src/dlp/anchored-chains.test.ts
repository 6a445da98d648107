import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GITHUB_RULES, GITHUB_TOKEN, ruleSet } from '../../test/dlp/small-rules.ts';
import { anchoredChains } from './anchored-chains.ts';
import { joinedMatches } from './joined.ts';
import { joined, type Piece } from './layers/deltas.ts';

const set = ruleSet(GITHUB_RULES);

/** Chains of these strings, in one text. */
function chainsOf(all: readonly (readonly string[])[]) {
  let text = '';
  const chains = all.map((pieces) =>
    pieces.map((piece): Piece => {
      const start = text.length + 1;
      text += `"${piece}"`;
      return { start, end: start + piece.length };
    }),
  );
  return { text: Buffer.from(text, 'latin1'), chains };
}

it('leaves chains in which an anchor stands, over a cut as well, and those of which nothing is known yet', () => {
  const { text, chains } = chainsOf([['a', 'word'], ['gh', 'p_', GITHUB_TOKEN.slice(4)], ['g'], ['hp_'], ['b', 'c']]);
  const coded: Piece[] = chains[4]?.map((piece) => ({ ...piece, coding: 'base64' as const })) ?? [];
  expect(anchoredChains(text, [...chains.slice(0, 4), coded], set)).toEqual([chains[1], coded]);
});

it('T-36 leaves out no chain in which something is found', () => {
  const word = fc.constantFrom('gh', 'p_', 'ghp_', GITHUB_TOKEN.slice(4, 20), '\u017f', 'a b', '');
  const cutToken = fc.uniqueArray(fc.integer({ min: 1, max: 39 }), { minLength: 1, maxLength: 4 }).map((cuts) => {
    const at = [0, ...cuts.sort((a, b) => a - b), GITHUB_TOKEN.length];
    return at.slice(1).map((end, i) => GITHUB_TOKEN.slice(at[i], end));
  });
  const words = fc.array(word, { maxLength: 3 });
  const chain = fc.oneof(
    words,
    fc.tuple(words, cutToken, words).map((three) => three.flat()),
  );
  let found = 0;
  fc.assert(
    fc.property(fc.array(chain, { maxLength: 5 }), (all) => {
      const { text, chains } = chainsOf(all);
      const left = anchoredChains(text, chains, set);
      for (const one of chains) {
        const { decoded, begins } = joined(text, one);
        if (joinedMatches({ joined: decoded, begins }, set).length === 0) continue;
        found += 1;
        expect(left).toContain(one);
      }
    }),
    { numRuns: 500 },
  );
  expect(found).toBeGreaterThan(100);
});
