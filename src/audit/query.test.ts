import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import { decisionBody, handClock, logOptions, newSigner } from '../../test/record/log-fixture.ts';
import { temporaryDir } from '../../test/record/temporary-dir.ts';
import { openLog } from './log.ts';
import { type EventFilter, IndexRemade, openQueryIndex, type QueryIndex } from './query.ts';
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

const hostOf = (event: Record<string, unknown>) => (event['input'] as { host: string }).host;

const CASES: readonly [string, Partial<EventFilter>, (event: Record<string, unknown>, seq: number) => boolean][] = [
  ['everything', {}, () => true],
  ['a tenant', { tenant: 'tenant-3' }, (e) => e['tenant'] === 'tenant-3'],
  ['a type that is not there', { type: 'task.finished' }, () => false],
  ['a host as people write it', { host: 'HOST-7.Example.com.' }, (e) => hostOf(e) === 'host-7.example.com'],
  ['a host', { host: 'host-7.example.com' }, (e) => hostOf(e) === 'host-7.example.com'],
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
  it('finds what reading the whole log finds', () => {
    const index = caughtUp();
    for (const [what, filter, fits] of CASES) {
      const found = index.query({ ...filter, limit: 40 });
      expect([what, found.map((f) => f.seq)]).toEqual([what, scan(fits, 40)]);
    }
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

  it('says when damage is found by a question alone, and answers it the next time', () => {
    const path = join(temporaryDir(), 'index.sqlite');
    caughtUp(path).close();
    const bytes = readFileSync(path);
    // The schema and the page that an index is opened by stay as they are.
    for (let at = 4096 * 20; at < bytes.length - 4096 * 8; at += 4096) bytes.fill(0xa5, at, at + 4096);
    writeFileSync(path, bytes);
    const index = openQueryIndex(dir, path);
    const ask = () => CASES.map(([, filter]) => index.query({ ...filter, limit: COUNT }).length);
    expect(ask).toThrow(IndexRemade);
    expect(index.size).toBe(0);
    while (index.catchUp(COUNT) > 0);
    expect(ask()[0]).toBe(COUNT);
    index.close();
  });

  it('is not believed of another log, nor after the machine went down with it open', async () => {
    const path = join(temporaryDir(), 'index.sqlite');
    caughtUp(path).close();
    const other = temporaryDir();
    const log = await openLog(logOptions(other, newSigner()));
    await Promise.all(Array.from({ length: COUNT + 5 }, (_, n) => log.record(decisionBody(n))));
    await log.close();
    const index = openQueryIndex(other, path);
    expect(index.size).toBe(0);
    while (index.catchUp(COUNT + 5) > 0);
    index.close();
    expect(openQueryIndex(other, path).size).toBe(COUNT + 5);
    const database = new DatabaseSync(path);
    database.exec("UPDATE meta SET value = 'an earlier start of the machine' WHERE name = 'open'");
    database.close();
    expect(openQueryIndex(other, path).size).toBe(0);
  });

  it('sums once what two processes took in at the same time', () => {
    const path = join(temporaryDir(), 'index.sqlite');
    const both = [openQueryIndex(dir, path), openQueryIndex(dir, path)];
    for (const index of both) while (index.catchUp(COUNT) > 0);
    const allowed = both.map((index) => index.figures(0).get('decisions_allow')?.get('reader'));
    expect(allowed).toEqual([COUNT - COUNT / 5, COUNT - COUNT / 5]);
    for (const index of both) index.close();
  });

  it('answers no question with an entry that is not as it was recorded', () => {
    const copy = temporaryDir();
    cpSync(dir, copy, { recursive: true });
    const bundle = join(copy, 'tile/entries/001');
    const index = openQueryIndex(copy, '');
    while (index.catchUp(COUNT) > 0);
    writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('host-7.example', 'host-8.example'), 'latin1');
    expect(() => index.query({ limit: COUNT })).toThrow(expect.objectContaining({ code: 'ENTRY_ALTERED', seq: 257 }));
    index.close();
  });

  it.each([
    ['its hash', 'tile/0/001', { code: 'ENTRIES_MISSING', message: expect.stringContaining('the hash of entry 256 ') }],
    ['the entry', 'tile/entries/001', { code: 'ENTRIES_MISSING', message: expect.stringMatching(/^entry 256 /) }],
  ])('says that %s is missing, also of what it has in the index', (_, gone, said) => {
    const copy = temporaryDir();
    cpSync(dir, copy, { recursive: true });
    const index = openQueryIndex(copy, '');
    while (index.catchUp(COUNT) > 0);
    rmSync(join(copy, gone));
    expect(() => index.query({ before: 257, limit: 1 })).toThrow(expect.objectContaining(said));
    expect(index.query({ before: 256, limit: 1 })).toMatchObject([{ seq: 255 }]);
    const fresh = openQueryIndex(copy, '');
    expect(() => fresh.catchUp(COUNT)).toThrow(expect.objectContaining(said));
    for (const one of [index, fresh]) one.close();
  });

  it('shows nothing of what retention removed meanwhile, without a word to the index', () => {
    const copy = temporaryDir();
    cpSync(dir, copy, { recursive: true });
    const path = join(copy, 'index.sqlite');
    const before = openQueryIndex(copy, path);
    while (before.catchUp(COUNT) > 0);
    const sums = before.figures(0);
    before.close();
    rmSync(join(copy, 'tile/entries/000'));
    const index = openQueryIndex(copy, path);
    while (index.catchUp(COUNT, undefined, 256) > 0);
    expect(index.query({ category: 'paste-sites', limit: COUNT }).at(-1)).toMatchObject({ seq: 260 });
    expect(index.query({ limit: COUNT })).toHaveLength(COUNT - 256);
    expect(index.summary({}, 1).count).toBe(COUNT - 256);
    expect(index.figures(0)).toEqual(sums);
    index.close();
  });

  it('takes no entry in under a name that it was not recorded under, and knows when the log ends before the index', () => {
    const copy = temporaryDir();
    cpSync(dir, copy, { recursive: true });
    const index = openQueryIndex(copy, '');
    while (index.catchUp(COUNT) > 0);
    const bundle = join(copy, 'tile/entries/001');
    writeFileSync(
      bundle,
      readFileSync(bundle, 'latin1').replace('"tenant":"tenant-4"', '"tenant":"tenant-5"'),
      'latin1',
    );
    const fresh = openQueryIndex(copy, '');
    expect(() => fresh.catchUp(COUNT)).toThrow(expect.objectContaining({ code: 'ENTRY_ALTERED', seq: 256 }));
    for (const name of ['checkpoint', 'journal']) rmSync(join(copy, name), { recursive: true });
    expect(() => index.query({ limit: 1 })).toThrow(expect.objectContaining({ code: 'ENTRIES_MISSING', seq: 999 }));
    for (const one of [index, fresh]) one.close();
  });
});
