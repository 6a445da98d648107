import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decisionBody, handClock, logOptions, newSigner, temporaryDir } from '../../test/record/log-fixture.ts';
import { openLog } from './log.ts';
import { type EventFilter, openQueryIndex, type QueryIndex } from './query.ts';
import { readEntries } from './read.ts';

const START = Date.UTC(2026, 10, 23);
const COUNT = 1000;
const dir = temporaryDir();

beforeAll(async () => {
  const clock = handClock(START);
  const log = await openLog(logOptions(dir, newSigner(), { clock }));
  for (let n = 0; n < COUNT; n += 1) {
    clock.set(START + n * 1000);
    await log.record(decisionBody(n, n % 10 === 0 ? { parent: 'd_parent', categories: ['paste-sites'] } : {}));
  }
  await log.close();
});

function caughtUp(path = join(temporaryDir(), 'index.sqlite')): QueryIndex {
  const index = openQueryIndex(dir, path);
  while (index.catchUp(COUNT) > 0);
  return index;
}

/** The naive answer: read everything and look. */
function scan(fits: (event: Record<string, unknown>, seq: number) => boolean, limit: number): number[] {
  return [...readEntries(dir)]
    .filter(({ seq, bytes }) => fits(JSON.parse(bytes.toString('utf8')), seq))
    .map(({ seq }) => seq)
    .reverse()
    .slice(0, limit);
}

const CASES: readonly [string, Partial<EventFilter>, (event: Record<string, unknown>, seq: number) => boolean][] = [
  ['everything', {}, () => true],
  ['a tenant', { tenant: 'tenant-3' }, (e) => e['tenant'] === 'tenant-3'],
  ['a type that is not there', { type: 'task.finished' }, () => false],
  ['a host', { host: 'host-7.example.com' }, (e) => (e['input'] as { host: string }).host === 'host-7.example.com'],
  ['an effect', { effect: 'deny' }, (e) => e['effect'] === 'deny'],
  [
    'a reason and a tenant',
    { reason: 'category_blocked', tenant: 'tenant-0' },
    (e) => e['reason'] === 'category_blocked' && e['tenant'] === 'tenant-0',
  ],
  ['a category', { category: 'paste-sites' }, (_, seq) => seq % 10 === 0],
  ['a capability', { capability: 'net.write.public' }, () => false],
  ['a rule', { rule: 'capability:net.read.public#1' }, () => true],
  ['what belongs to a decision', { id: 'd_parent' }, (_, seq) => seq % 10 === 0],
  ['a span of time', { since: START + 10_000, until: START + 20_000 }, (_, seq) => seq >= 10 && seq <= 20],
  ['the page before', { before: 50 }, (_, seq) => seq < 50],
  ['a text', { text: 'host-49.' }, (e) => JSON.stringify(e).includes('host-49.')],
  ['SQL in a value', { host: "' OR 1=1 --" }, () => false],
];

describe('the query index', () => {
  it.each(CASES)('finds by %s what reading the whole log finds', (_, filter, fits) => {
    const index = caughtUp();
    const found = index.query({ ...filter, limit: 40 });
    expect(found.map((f) => f.seq)).toEqual(scan(fits, 40));
    index.close();
  });

  it('goes on where it stopped, and is built again when deleted, damaged or of another version', () => {
    const path = join(temporaryDir(), 'index.sqlite');
    const first = openQueryIndex(dir, path);
    expect(first.catchUp(COUNT, 300)).toBe(300);
    first.close();
    const again = openQueryIndex(dir, path);
    expect(again.size).toBe(300);
    while (again.catchUp(COUNT, 300) > 0);
    expect(again.size).toBe(COUNT);
    again.close();
    rmSync(path);
    caughtUp(path).close();
    writeFileSync(path, 'not a database, but long enough to have a header that is wrong'.repeat(100));
    const healed = caughtUp(path);
    expect(healed.query({ tenant: 'tenant-3', limit: 1 })).toHaveLength(1);
    healed.close();
  });
});
