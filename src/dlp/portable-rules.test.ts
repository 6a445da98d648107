/** A thread that is handed a set has all of it: nothing is derived a second time, where requests wait for it. */
import { expect, it } from 'vitest';
import { shippedRules } from '../../test/dlp/shipped-rules.ts';
import { joinedMatches, strongRules } from './joined.ts';
import { portableRules, rulesFrom } from './portable-rules.ts';
import { scan } from './scan.ts';

const here = shippedRules();
const there = rulesFrom(structuredClone(portableRules(here)));

it('brings the tables that were made where it comes from', () => {
  // What is made anew lies in memory of its own.
  const { plan, anywhere, open } = strongRules(there);
  for (const { image } of [there.plan.prefilter, plan.prefilter, anywhere, open])
    expect(image.tables.buffer).toBeInstanceOf(SharedArrayBuffer);
});

it('finds the same, in one part and in several', () => {
  const key = Buffer.from('AKIAIOSFODNN7EXAMPLA and jane.doe@corp.example');
  const joined = { joined: Buffer.from('AKIAIOSFODNN7EXAMPLA'), begins: [0, 9] };
  const told = (matches: readonly { rule: { spec: { id: string } }; start: number; end: number }[]) =>
    matches.map(({ rule, start, end }) => [rule.spec.id, start, end]);
  expect(told(scan(key, here)).length).toBeGreaterThan(1);
  expect(told(scan(key, there))).toEqual(told(scan(key, here)));
  expect(told(joinedMatches(joined, here))).toHaveLength(1);
  expect(told(joinedMatches(joined, there))).toEqual(told(joinedMatches(joined, here)));
});
