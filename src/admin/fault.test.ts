import { expect, it } from 'vitest';
import { IndexUnwritable } from '../audit/query.ts';
import { EntriesMissing, EntryAltered } from '../audit/read.ts';
import { NoProof } from '../audit/tile-tree.ts';
import { faultOf } from './fault.ts';

it('tells who reads the record which entry of it is harmed, and nobody what failed inside', () => {
  const told = [
    new EntryAltered('/state/audit', 7),
    new EntriesMissing('/state/audit', 8),
    new NoProof('the hash of entry 9 is not kept'),
    new IndexUnwritable('no room'),
    new Error('inside'),
  ].map(faultOf);
  expect(told).toEqual([
    {
      code: 'record_harmed',
      detail: expect.stringMatching(/^entry 7 .* is not what was recorded; see `audit verify`$/),
    },
    { code: 'record_harmed', detail: expect.stringMatching(/^entry 8 .* see `audit verify`$/) },
    { code: 'record_harmed', detail: 'the hash of entry 9 is not kept' },
    { code: 'unavailable', detail: 'no room' },
    { code: 'internal', detail: 'see the log of the appliance' },
  ]);
});
