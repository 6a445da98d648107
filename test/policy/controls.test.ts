/** Controls as people use them: undo, two persons, expiry, over restarts. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ControlAction } from '../../src/core/controls.ts';
import { need, principal } from './fixture.ts';
import { type Plane, plane } from './plane.ts';

const DOCS = 'https://docs.python.org/3/';
const CODE = 'https://github.com/nodejs/node';
/** What nothing but an override allows to this task. */
const ELSEWHERE = 'https://example.org/';
const STRICT = { principal: principal({ class: 'strict' }) };
const BLOCK: ControlAction = { do: 'category.block', category: 'documentation' };
const REVOKE: ControlAction = { do: 'capability.revoke', capability: 'net.read.public' };

let at: Plane | null = null;
afterEach(async () => {
  await at?.remove();
  at = null;
});
const start = async (...args: Parameters<typeof plane>) => {
  at = await plane(...args);
  return at;
};
const by = (name: string) => ({ by: name, why: 'test' });
const later = (p: Plane, ms: number) => {
  p.clock.now += ms;
};
const kinds = (p: Plane) => p.events.filter((e) => e.type.startsWith('control.')).map((e) => e.type);

describe('undo', () => {
  it('takes a block back, is recorded as a change of its own, and can itself be undone', async () => {
    const p = await start();
    expect(p.open('a', DOCS)).toBe('allow');
    const { change } = need(await p.act(BLOCK));
    expect(p.cut).toEqual(['a']);
    expect(p.open('b', DOCS)).toBe('deny');
    const back = need(await p.control.undo(change, by('bob')));
    expect(p.open('c', DOCS)).toBe('allow');
    expect(p.events.at(-1)).toMatchObject({
      type: 'control.changed',
      by: 'bob',
      action: { do: 'control.undo', change },
    });
    expect(need(await p.control.undo(back.change, by('ann')))).toMatchObject({ dependants: 1, cut: 1 });
    expect(p.cut).toEqual(['a', 'c']);
  });

  it('of an opening cuts what stood on it, and nothing else', async () => {
    const p = await start();
    const { change } = need(await p.act({ do: 'host.allow', host: 'example.org', tenant: null }));
    p.open('other', CODE);
    expect(p.open('stands-on-it', ELSEWHERE, STRICT)).toBe('allow');
    need(await p.control.undo(change, by('bob')));
    expect(p.cut).toEqual(['stands-on-it']);
    expect(p.open('again', ELSEWHERE, STRICT)).toBe('deny');
    expect(p.leases.live().map(({ flow }) => flow.id)).toEqual(['other']);
    expect(p.control.current().controls.hostOverrides).toEqual([]);
  });

  it('gives back what a change replaced: the earlier override, the earlier expiry', async () => {
    const p = await start();
    need(await p.act({ do: 'host.deny', host: 'docs.python.org', tenant: null }, { forMs: 60_000 }));
    const before = p.control.current().controls.hostOverrides;
    const { change } = need(await p.act({ do: 'host.clear', host: 'docs.python.org', tenant: null }));
    expect(p.open('a', DOCS)).toBe('allow');
    need(await p.control.undo(change, by('bob')));
    expect(p.control.current().controls.hostOverrides).toEqual(before);
    expect(p.cut).toEqual(['a']);
  });

  it.each<[string, (p: Plane) => Promise<unknown>, RegExp]>([
    ['changed again', (p) => p.act(BLOCK, { by: 'eve' }), /`documentation` has changed since/],
    ['returned by itself', async (p) => later(p, 61_000), /`documentation` has changed since/],
    [
      'undone already',
      async (p) => p.control.undo(p.control.changes().changes[0]?.change ?? '', by('eve')),
      /changed since/,
    ],
  ])('is refused when what it left has %s', async (_, then, reason) => {
    const p = await start();
    const { change } = need(await p.act(BLOCK, { forMs: 60_000 }));
    await then(p);
    const q = await p.restart();
    at = q;
    expect(await q.control.undo(change, by('bob'))).toMatchObject({ ok: false, error: expect.stringMatching(reason) });
  });

  it.each<[string, ControlAction]>([
    ['a killed task', { do: 'task.kill', task: 't_9', tenant: 'acme' }],
    ['a revoked pass', { do: 'pass.revoke', pass: 'p_9' }],
  ])('never brings back %s', async (_, action) => {
    const p = await start();
    const { change } = need(await p.act(action));
    expect(await p.control.undo(change, by('bob'))).toMatchObject({ error: expect.stringMatching(/do not come back/) });
  });

  it('works after a restart, and names a change that nobody made', async () => {
    const p = await start();
    const { change } = need(await p.act(BLOCK));
    at = await p.restart();
    expect(at.open('a', DOCS)).toBe('deny');
    expect(await at.control.undo('c_none', by('bob'))).toMatchObject({
      error: expect.stringMatching(/no change `c_none`/),
    });
    need(await at.control.undo(change, by('bob')));
    expect(at.open('b', DOCS)).toBe('allow');
  });
});

describe('the two-person rule', () => {
  const RULE = { actions: new Set(['capability.revoke', 'host.allow']), withinMs: 900_000 };
  const waiting = (p: Plane) => p.control.changes().pending[0]?.id ?? 'none';

  it('keeps a covered change until somebody else approves it', async () => {
    const p = await start(RULE);
    p.open('a', CODE);
    const asked = await p.act(REVOKE);
    const id = waiting(p);
    const until = p.clock.now + RULE.withinMs;
    const message = expect.stringMatching(/not in force.*second person.*other than `ann`.*control approve p_/);
    expect(asked).toEqual({ ok: false, error: { pending: id, until, message } });
    expect(p.cut).toEqual([]);
    expect(await p.control.approve(id, by('ann'))).toEqual({
      ok: false,
      error: { pending: id, until, message: expect.stringMatching(/another person must approve it/) },
    });
    expect(need(await p.control.approve(id, by('bob')))).toMatchObject({ cut: 1, missed: [] });
    expect(p.events.at(-1)).toMatchObject({ type: 'control.changed', by: 'ann', approved_by: 'bob', action: REVOKE });
    expect(p.control.changes().pending).toEqual([]);
    expect(await p.control.approve(id, by('cid'))).toMatchObject({ ok: false });
  });

  it('keeps the request over a restart, and does not keep it twice', async () => {
    const p = await start(RULE);
    await p.act(REVOKE);
    at = await p.restart();
    expect(at.control.changes().pending).toHaveLength(1);
    expect(at.control.current().controls.revokedCapabilities).toEqual({});
    need(await at.control.approve(waiting(at), by('bob')));
    at = await at.restart();
    expect(at.control.changes().pending).toEqual([]);
    expect(Object.keys(at.control.current().controls.revokedCapabilities)).toEqual(['net.read.public']);
  });

  it('lets a request go that was rejected, or that nobody approved in time; both are recorded', async () => {
    const p = await start(RULE);
    await p.act(REVOKE);
    need(await p.control.reject(waiting(p), by('bob')));
    await p.act(REVOKE);
    const late = waiting(p);
    p.clock.now += RULE.withinMs;
    expect(await p.control.approve(late, by('bob'))).toMatchObject({ ok: false });
    expect(p.events.filter((e) => e.type === 'control.pending').map((e) => 'state' in e && e.state)).toEqual([
      'asked',
      'rejected',
      'asked',
      'expired',
    ]);
    expect(p.control.current().controls.version).toBe(0);
  });

  it('covers undoing what is covered, so that one person cannot go round it', async () => {
    const p = await start(RULE);
    await p.act(REVOKE);
    const { change } = need(await p.control.approve(waiting(p), by('bob')));
    expect(await p.control.undo(change, by('ann'))).toMatchObject({
      error: { message: expect.stringMatching(/second person/) },
    });
    need(await p.control.approve(waiting(p), by('bob')));
    expect(p.control.current().controls.revokedCapabilities).toEqual({});
  });

  it('lets alone what is not listed, and overrides for one tenant', async () => {
    const p = await start(RULE);
    need(await p.act(BLOCK));
    need(await p.act({ do: 'host.allow', host: 'example.org', tenant: 'acme' }));
    expect(kinds(p)).toEqual(['control.changed', 'control.changed']);
  });

  it('refuses at once what could not be carried out', async () => {
    const p = await start(RULE);
    expect(await p.act({ do: 'capability.revoke', capability: 'net.nope' })).toMatchObject({
      error: expect.stringMatching(/not defined/),
    });
    expect(p.control.changes().pending).toEqual([]);
  });
});

describe('expiry', () => {
  it('forgets killed tasks and revoked passes once their marks are over, and keeps those that never are', async () => {
    const p = await start();
    for (let n = 0; n < 250; n += 1) {
      need(await p.act({ do: 'task.kill', task: `t_${n}`, tenant: 'acme' }, { forMs: 60_000 }));
    }
    need(await p.act({ do: 'pass.revoke', pass: 'p_1' }, { forMs: 60_000 }));
    need(await p.act({ do: 'task.kill', task: 't_kept', tenant: 'acme' }));
    const { version } = p.control.current().controls;
    later(p, 60_000);
    await p.control.settle();
    const { killedTasks, revokedPasses, version: after } = p.control.current().controls;
    expect([Object.keys(killedTasks), revokedPasses]).toEqual([['acme/t_kept'], {}]);
    // Few enough in each that a record of it can be written.
    expect(after - version).toBe(2);
    expect(p.events.at(-1)).toMatchObject({ automatic: true, action: { do: 'marks.forget' }, version: after });
  });

  it('returns by itself while the gate was down, and what is left stands', async () => {
    const p = await start();
    need(await p.act(BLOCK, { forMs: 60_000 }));
    need(await p.act(REVOKE, { forMs: 120_000 }));
    p.clock.now += 60_000;
    at = await p.restart();
    expect(Object.keys(at.control.current().controls.blockedCategories)).toEqual([]);
    expect(Object.keys(at.control.current().controls.revokedCapabilities)).toEqual(['net.read.public']);
    expect(at.events.at(-1)).toMatchObject({ automatic: true, by: 'locktender', action: { do: 'category.unblock' } });
  });

  it('lets a tenant back whose quarantine was over while the gate was down', async () => {
    const p = await start();
    need(await p.act({ do: 'tenant.quarantine', tenant: 'acme' }, { forMs: 60_000 }));
    expect(p.open('a', CODE)).toBe('deny');
    expect(p.open('b', CODE, { principal: principal({ tenant: 'other' }) })).toBe('allow');
    p.clock.now += 60_000;
    at = await p.restart();
    expect(at.open('c', CODE)).toBe('allow');
  });

  it('of an opening cuts what stood on it', async () => {
    const p = await start();
    need(await p.act({ do: 'host.allow', host: 'example.org', tenant: null }, { forMs: 60_000 }));
    expect(p.open('a', ELSEWHERE, STRICT)).toBe('allow');
    expect(p.open('b', CODE)).toBe('allow');
    need(await p.act(BLOCK, { forMs: 1 }));
    p.clock.now += 60_000;
    await vi.waitFor(() => expect(p.cut).toEqual(['a']));
    expect(p.open('c', ELSEWHERE, STRICT)).toBe('deny');
  });
});

describe('a clock that is set back', () => {
  it('makes no leave longer, and what closes lasts as long as it says', async () => {
    const p = await start();
    const allow: ControlAction = { do: 'host.allow', host: 'example.org', tenant: null };
    need(await p.act(allow, { forMs: 60_000 }));
    need(await p.act(REVOKE, { forMs: 60_000 }));
    need(await p.act({ do: 'category.unblock', category: 'paste-sites' }, { forMs: 60_000 }));
    expect(p.open('a', ELSEWHERE, STRICT)).toBe('allow');
    p.clock.now -= 7_200_000;
    p.clock.elapsed += 30_000;
    need(await p.act(allow, { forMs: 7_290_000 }));
    await p.control.settle();
    expect(Object.keys(p.control.current().controls.unblockedCategories)).toEqual(['paste-sites']);
    p.clock.elapsed += 30_000;
    await p.control.settle();
    expect(p.control.current().controls.unblockedCategories).toEqual({});
    expect(p.events.at(-1)).toMatchObject({
      ...{ automatic: true, by: 'locktender' },
      action: { do: 'category.block', category: 'paste-sites' },
    });
    expect(p.cut).toEqual([]);
    p.clock.elapsed += 7_260_000;
    await p.control.settle();
    expect(p.cut).toEqual(['a']);
    expect(p.open('b', ELSEWHERE, STRICT)).toBe('deny');
    expect(Object.keys(p.control.current().controls.revokedCapabilities)).toEqual(['net.read.public']);
  });
});

describe('a killed task', () => {
  const other = { principal: principal({ tenant: 'other', pass: 'p_2' }) };

  it.each<[string, string | null, object]>([
    [
      'of one tenant leaves that of another with the same id',
      'acme',
      { facts: ['task:acme/t_1'], cut: ['a'], b: 'allow' },
    ],
    [
      'of no tenant is one of every tenant, as it once always was',
      null,
      { facts: ['task:t_1'], cut: ['a', 'b'], b: 'deny' },
    ],
  ])('%s, over restarts too', async (_, tenant, expected) => {
    const p = await start();
    expect([p.open('a', CODE), p.open('b', CODE, other)]).toEqual(['allow', 'allow']);
    const { facts } = need(await p.act({ do: 'task.kill', task: 't_1', tenant }));
    const name = tenant === null ? 't_1' : `${tenant}/t_1`;
    expect(p.events.at(-1)).toMatchObject({
      ...{ type: 'control.changed', task: 't_1', tenant, receipt: { facts } },
      patch: { marks: [{ in: 'killedTasks', name }] },
    });
    expect({ facts, cut: p.cut.toSorted(), b: p.open('c', CODE, other) }).toEqual(expected);
    at = await p.restart();
    expect(Object.keys(at.control.current().controls.killedTasks)).toEqual([name]);
    expect([at.open('d', CODE), at.open('e', CODE, other)]).toEqual(['deny', Object(expected).b]);
  });
});

describe('a name that every object has', () => {
  it('is a name like any other, over restarts and for who takes it back', async () => {
    const p = await start();
    need(await p.act({ do: 'tenant.quarantine', tenant: 'constructor' }));
    const { change } = need(await p.act({ do: 'tenant.release', tenant: 'constructor' }));
    expect(p.events.at(-1)).toMatchObject({ patch: { marks: [{ name: 'constructor', mark: null }] } });
    at = await p.restart();
    expect(at.control.current().controls.quarantinedTenants).toEqual({});
    need(await at.control.undo(change, by('bob')));
  });
});

describe('a change that cannot be recorded', () => {
  const versions = (p: Plane) => p.events.flatMap((e) => (e.type === 'control.changed' ? [e.version] : []));

  it('that closes is in force, and is recorded before whatever comes next', async () => {
    const p = await start();
    p.record.broken = true;
    expect(await p.act(BLOCK)).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^in force, but not recorded yet/),
    });
    expect(p.open('a', DOCS)).toBe('deny');
    expect((await p.act(REVOKE)).ok).toBe(false);
    await p.control.settle();
    expect(versions(p)).toEqual([]);
    p.record.broken = false;
    need(await p.act({ do: 'host.deny', host: 'example.org', tenant: null }));
    expect(versions(p)).toEqual([1, 2, 3]);
  });

  it('is recorded once that can be, or at the next start', async () => {
    const p = await start();
    p.record.broken = true;
    await p.act(BLOCK);
    await p.act(REVOKE);
    p.record.broken = false;
    await p.control.settle();
    expect(versions(p)).toEqual([1, 2]);
    p.record.broken = true;
    await p.act({ do: 'task.kill', task: 't_1', tenant: null });
    await p.act({ do: 'task.kill', task: 't_2', tenant: null });
    p.record.broken = false;
    at = await p.restart();
    expect(versions(at)).toEqual([1, 2, 3, 4]);
    expect(at.open('a', DOCS)).toBe('deny');
  });

  it('that opens is not done', async () => {
    const p = await start();
    need(await p.act(BLOCK));
    p.record.broken = true;
    expect(await p.act({ do: 'category.unblock', category: 'documentation' })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^not done/),
    });
    p.record.broken = false;
    at = await p.restart();
    expect([at.open('a', DOCS), versions(at)]).toEqual(['deny', [1]]);
  });

  it.each([
    ['at once', null],
    ['when the disk works again', { step: 'write:checkpoint', code: 'EIO', persisted: false }],
  ])('that opens and may be on disk all the same is taken off it %s', async (_when, next) => {
    const first = await start();
    need(await first.act(BLOCK));
    const p = await first.restart();
    // The new file is in its place, and only its directory could not be synced.
    p.files.fault = { step: 'syncDirectory:checkpoint', code: 'EIO', persisted: true, next };
    expect(await p.act({ do: 'category.unblock', category: 'documentation' })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^not done/),
    });
    expect(p.files.struck).toBe(next === null ? 1 : 2);
    p.files.fault = null;
    await p.control.settle();
    at = await p.restart();
    expect([at.open('a', DOCS), versions(at)]).toEqual(['deny', [1]]);
  });
});

describe('what is acknowledged', () => {
  it('is on disk by then, and the file holds no more than a reader accepts', async () => {
    const p = await start();
    for (let n = 0; n < 205; n += 1) need(await p.act({ do: 'host.deny', host: `h${n}.example.org`, tenant: null }));
    expect(p.control.changes().changes).toHaveLength(200);
    at = await p.restart();
    expect(at.control.current().controls.hostOverrides).toHaveLength(205);
    expect(at.control.changes().changes[0]?.action).toMatchObject({ host: 'h204.example.org' });
  });
});
