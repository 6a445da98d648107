import { describe, expect, it } from 'vitest';
import type { Flow } from '../core/ports.ts';
import { LeaseIndex } from '../policy/lease-index.ts';
import { cutFlows } from './cut-flows.ts';

const flow = (id: string, cut: Flow['cut'], seal?: Flow['seal']): Flow => ({
  ...{ id, kind: 'tunnel', task: 't_1', tenant: 'acme', host: 'example.com', since: 0, cut, ...(seal && { seal }) },
});

function scene(flows: readonly Flow[]) {
  let at = 0;
  const leases = new LeaseIndex({
    source: { current: () => ({ bundle: { digest: 'b' }, controls: { killedTasks: [] } }) as never },
    now: () => 0,
  });
  for (const each of flows) leases.hold(each, []);
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  return {
    leases,
    run: () =>
      cutFlows(leases.live(), 'c_1', 0, {
        leases,
        clock: { now: () => 0, monotonic: () => (at += 1) } as never,
        log: quiet as never,
      }),
  };
}

describe('a cut of many flows', () => {
  it('names the flow that could not be cut, keeps it held, and cuts the others all the same', async () => {
    const ended: string[] = [];
    const { leases, run } = scene([
      flow('throws', () => {
        throw new Error('broken');
      }),
      flow('rejects', () => Promise.reject(new Error('broken'))),
      flow('now', () => {
        ended.push('now');
        return null;
      }),
      flow('later', async () => void ended.push('later')),
    ]);
    const outcome = await run();
    expect(ended.sort()).toEqual(['later', 'now']);
    expect(outcome).toEqual({ cut: 2, missed: ['throws', 'rejects'], slowestMs: 2 });
    expect(leases.live().map((held) => held.flow.id)).toEqual(['throws', 'rejects']);
  });

  it('makes no stack traces while it breaks connections, and gives them back after', async () => {
    const limit = Error.stackTraceLimit;
    let during = -1;
    await scene([
      flow('one', () => {
        during = Error.stackTraceLimit;
        throw new Error('broken');
      }),
    ]).run();
    expect([during, Error.stackTraceLimit]).toEqual([0, limit]);
  });

  it('stops all before it closes the first, closes a few at a time, and lets others have their turn', async () => {
    const done: string[] = [];
    const cut = (id: string) => () => {
      done.push(`cut ${id}`);
      return null;
    };
    const sealed = (id: string) => flow(id, cut(id), () => done.push(`seal ${id}`) > 0);
    const { leases, run } = scene([
      ...['a', 'b', 'c', 'd', 'e', 'f'].map(sealed),
      flow('g', cut('g'), () => false),
      flow('h', cut('h'), () => {
        throw new Error('broken');
      }),
    ]);
    let isOver = false;
    const others = () => {
      done.push('other');
      if (!isOver) setImmediate(others);
    };
    setImmediate(others);
    const outcome = await run();
    isOver = true;
    const acts = done.filter((act) => act !== 'other');
    expect(acts).toEqual([
      ...['a', 'b', 'c', 'd', 'e', 'f'].map((id) => `seal ${id}`),
      ...['g', 'h', 'a', 'b', 'c', 'd', 'e', 'f'].map((id) => `cut ${id}`),
    ]);
    // The clock of the scene ticks with each look at it: a slice is over after a few flows.
    expect(done.slice(done.indexOf('cut a'), done.indexOf('cut f'))).toContain('other');
    expect(outcome).toMatchObject({ cut: 8, missed: [] });
    expect(leases.live()).toEqual([]);
  });
});
