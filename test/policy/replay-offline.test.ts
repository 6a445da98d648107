/** `policy replay` on a state directory alone: no appliance, and what was altered is found. */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLog } from '../../src/audit/log.ts';
import { replayLog } from '../../src/control/replay-log.ts';
import type { EventBody } from '../../src/core/event.ts';
import { bundleDocument } from '../../src/policy/bundle/bundle-document.ts';
import { openBundleStore } from '../../src/store/bundle-store.ts';
import { execute, PROGRAM } from '../journey/running-appliance.ts';
import { logOptions, newSigner } from '../record/log-fixture.ts';
import { controls, mark, request, shippedBundle, snapshot } from './fixture.ts';
import { changed, recorded } from './recorded.ts';

const root = mkdtempSync(join(tmpdir(), 'locktender-replay-'));
const sound = join(root, 'sound');
afterAll(() => rmSync(root, { recursive: true }));

const replay = (state: string, ...more: string[]) =>
  execute([PROGRAM, 'policy', 'replay', '--state', state, '--since', '36500d', '--json', ...more], { cwd: root });

beforeAll(async () => {
  const bundle = shippedBundle();
  mkdirSync(join(sound, 'bundles'), { recursive: true });
  await openBundleStore(join(sound, 'bundles')).put(bundle.digest, bundleDocument(bundle));
  const log = await openLog(logOptions(join(sound, 'audit'), newSigner()));
  const blocked = controls({ blockedCategories: { documentation: mark() } });
  const events = [
    recorded(request('GET', 'https://docs.python.org/3/'), snapshot()),
    changed(snapshot().controls, blocked),
    recorded(request('GET', 'https://docs.python.org/3/'), snapshot({ controls: blocked })),
    recorded(request('POST', 'https://example.org/'), snapshot({ controls: blocked })),
  ];
  for (const { v: _v, time: _t, node: _n, ...body } of events) await log.record(body as EventBody);
  await log.close();
});

/** A copy of the state in which one text stands in place of another of the same length. */
function altered(name: string, from: string, to: string): string {
  const state = join(root, name);
  cpSync(sound, state, { recursive: true });
  let found = 0;
  for (const entry of readdirSync(join(state, 'audit'), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const bytes = entry.isFile() ? readFileSync(path) : Buffer.alloc(0);
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) {
      bytes.write(to, at);
      found += 1;
    }
    if (entry.isFile()) writeFileSync(path, bytes);
  }
  expect(found).toBeGreaterThan(0);
  return state;
}

describe('policy replay without an appliance', () => {
  it('finds no difference in what was recorded', async () => {
    const ran = await replay(sound);
    expect(JSON.parse(ran.stdout)).toMatchObject({ decisions: 3, differences: 0 });
    expect(ran.code).toBe(0);
  });

  it('shows what supposed controls would have changed, and ends 1 past what is tolerated', async () => {
    const ran = await replay(sound, '--max-differences', '0', '--controls', 'host.deny=docs.python.org');
    expect(JSON.parse(ran.stdout)).toMatchObject({ decisions: 3, differences: 2 });
    expect(ran.code).toBe(1);
  });

  it.each([
    ['an event', '"effect":"allow"', '"effect":"aloow"', 0],
    ['the host of an event', '"host":"example.org"', '"host":"pastebin.co"', 3],
    ['the control event', '"why":"test"', '"why":"tset"', 1],
    ['what kind of event it is', '"type":"decision"', '"type":"decisiom"', 0],
    ['what no decision depends on', '"door":"http"', '"door":"htpp"', 0],
  ])('T-80 finds that %s was altered', async (name, from, to, seq) => {
    const state = altered(name.replaceAll(' ', '-'), from, to);
    const bundles = openBundleStore(join(state, 'bundles'));
    const order = { dir: join(state, 'audit'), size: Number.POSITIVE_INFINITY, bundles, candidate: null, since: 0 };
    await expect(replayLog(order)).rejects.toMatchObject({ code: 'ENTRY_ALTERED', seq });
  });

  it('says which entry was altered, and ends 1', async () => {
    const ran = await replay(altered('told', '"host":"example.org"', '"host":"pastebin.co"'));
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/entry 3 in .* is not what was recorded/) });
  });

  it('T-80 finds that a bundle was altered', async () => {
    const state = join(root, 'bundle');
    cpSync(sound, state, { recursive: true });
    const [file = ''] = readdirSync(join(state, 'bundles'));
    writeFileSync(join(state, 'bundles', file), 'not what it was');
    const ran = await replay(state);
    expect(JSON.parse(ran.stdout)).toMatchObject({ decisions: 3, differences: 3 });
    expect(ran.code).toBe(1);
  });
});
