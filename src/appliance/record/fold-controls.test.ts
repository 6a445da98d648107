import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decisionBody, logOptions, newSigner, verifierFor } from '../../../test/record/log-fixture.ts';
import { temporaryDir } from '../../../test/record/temporary-dir.ts';
import { decodeBundle } from '../../audit/entry-bundle.ts';
import { openLog } from '../../audit/log.ts';
import { leafHash } from '../../audit/merkle.ts';
import { keptFrom, recordPruning, writePruning } from '../../audit/pruning.ts';
import { type Controls, NO_CONTROLS } from '../../core/controls.ts';
import type { EventBody } from '../../core/event.ts';
import { ulid } from '../../core/ids.ts';
import { foldControls } from './fold-controls.ts';

const dir = temporaryDir();
const signer = newSigner();
const verifiers = [verifierFor(signer)];
const mark = { by: 'ann', why: 'test', at: 1, until: null, change: 'c_1' };
const before: Controls = { ...NO_CONTROLS, version: 4, blockedCategories: { gambling: mark } };
/** The event that removed what was before entry 100, and the change that blocks a category. */
let told = 0;
let changed = 0;

beforeAll(async () => {
  const log = await openLog(logOptions(dir, signer));
  for (let n = 0; n < 300; n += 1) await log.record(decisionBody(n));
  const newId = () => ulid('e', 1, randomBytes(10));
  told = await recordPruning(log, { first_kept: 100, by: 'test', why: 'test', controls: before }, newId);
  changed = (await log.record(CHANGE)).seq;
  for (let n = 0; n < 400; n += 1) await log.record(decisionBody(n));
  await log.publish();
  await writePruning(dir, told);
  await log.close();
});

const CHANGE: EventBody = {
  type: 'control.changed',
  ...{ id: 'c_2', tenant: null, task: null, change: 'c_2', by: 'ann', why: 'test', until: null, automatic: false },
  action: { do: 'category.block', category: 'paste-sites' },
  version: 5,
  receipt: null,
  patch: {
    marks: [{ in: 'blockedCategories', name: 'paste-sites', mark }],
    overrides: { removed: [], added: [] },
  },
};

function altered(alter: (copy: string) => void): string {
  const copy = temporaryDir();
  cpSync(dir, copy, { recursive: true });
  alter(copy);
  return copy;
}

/** `paste-sites` is in the second bundle alone. */
function unblock(copy: string): void {
  const bundle = join(copy, 'tile/entries/001');
  writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('"paste-sites"', '"paste-sitez"'), 'latin1');
}

function rehash(copy: string): void {
  const entries = decodeBundle(readFileSync(join(copy, 'tile/entries/001'))) ?? [];
  writeFileSync(join(copy, 'tile/0/001'), Buffer.concat(entries.map((entry) => leafHash(entry))));
}

const HARMED: readonly [string, (copy: string) => void, object][] = [
  ['a change that was altered', unblock, { code: 'ENTRY_ALTERED' }],
  [
    'one that was altered together with its hash',
    (copy) => {
      unblock(copy);
      rehash(copy);
    },
    { message: expect.stringMatching(/^nothing of the log is removed: entries? \d+.* signed; see `audit verify`$/) },
  ],
  ['hashes that are missing', (copy) => rmSync(join(copy, 'tile/0/001')), { code: 'ENTRIES_MISSING' }],
];

describe('the controls that outlive what retention removes', () => {
  it('are those at the first entry that stays', async () => {
    const kept = keptFrom(dir);
    expect(kept).toEqual({ first: 100, controls: before, told: [told] });
    const folded = { ...before, version: 5, blockedCategories: { gambling: mark, 'paste-sites': mark } };
    await expect(foldControls(dir, { kept, to: 600 }, verifiers)).resolves.toEqual(folded);
    await expect(foldControls(dir, { kept, to: changed }, verifiers)).resolves.toEqual(before);
    await expect(foldControls(dir, { kept: null, to: 1 }, verifiers)).resolves.toEqual(NO_CONTROLS);
  });

  it.each(HARMED)('T-80 are not folded from %s', async (_, alter, said) => {
    const copy = altered(alter);
    const folding = foldControls(copy, { kept: { ...keptFrom(dir), told: [] } as never, to: 600 }, verifiers);
    await expect(folding).rejects.toMatchObject(said);
  });

  it('T-80 do not begin with those of an event that was altered, nor under a checkpoint of another', async () => {
    const copy = altered((to) => {
      const bundle = join(to, 'tile/entries/001');
      writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('"gambling"', '"gamblinh"'), 'latin1');
    });
    expect(() => keptFrom(copy)).toThrow(expect.objectContaining({ code: 'ENTRY_ALTERED', seq: told }));
    rehash(copy);
    const entry = { message: expect.stringContaining(`entry ${told} is not the one that was signed`) };
    await expect(foldControls(copy, { kept: keptFrom(copy), to: 600 }, verifiers)).rejects.toMatchObject(entry);
    const order = { kept: keptFrom(dir), to: 600 };
    const foreign = { message: expect.stringContaining('the checkpoint is not signed by it') };
    await expect(foldControls(dir, order, [verifierFor(newSigner())])).rejects.toMatchObject(foreign);
  });
});
