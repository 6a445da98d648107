import { describe, expect, it } from 'vitest';
import { type BudgetDenial, type BudgetLimits, budgetWords, type TenantLimits } from './budget-limits.ts';
import { Budgets, type Spender } from './budgets.ts';
import { ByteCounts } from './byte-counts.ts';

const AMPLE: BudgetLimits = {
  ...{ wallMs: 60_000, requests: 100, rate: 1000, bytesUp: 1000, bytesDown: 1000 },
  ...{ concurrency: 100, distinctHosts: 100, leakBytes: 1000 },
};
const FREE: TenantLimits = {
  ...{ windowMs: 60_000, concurrency: 100, rate: 1000, requests: 0, bytesUp: 0, bytesDown: 0 },
  ...{ distinctHosts: 0, leakBytes: 0 },
};
const START = Date.now();
const task = (name: string, tenant = 'acme'): Spender => ({ task: name, tenant, expiresAt: START + 3_600_000 });

interface Use {
  readonly who?: Spender;
  readonly limits?: Partial<BudgetLimits>;
  readonly host?: string;
  readonly hostLeak?: number;
  readonly leak?: number;
  readonly at?: number;
}

function use(budgets: Budgets, { who = task('one'), limits = {}, at = 0, ...what }: Use = {}): BudgetDenial | null {
  const spending = { host: 'a.test', hostLeak: 0, leak: 0, ...what };
  const opened = budgets.open(who, { ...AMPLE, ...limits }, spending, START + at);
  return typeof opened === 'number' ? null : opened;
}

const times = <T>(n: number, one: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => one(i));
const used = (of: 'task' | 'tenant', reason: BudgetDenial['reason'], amount: number, limit: number) => ({
  ...{ of, reason, used: amount, limit },
});

describe('a task', () => {
  it.each([
    ['requests', { requests: 2 }, {}, used('task', 'budget_requests', 2, 2)],
    ['flows', { concurrency: 2 }, {}, used('task', 'budget_flows', 2, 2)],
    ['leaked data', { leakBytes: 25 }, { leak: 10 }, used('task', 'budget_leak', 30, 25)],
    ['rate', { rate: 1 }, {}, used('task', 'budget_rate', 1, 1)],
  ] as const)('has a budget of %s, and another task its own', (_, limits, what, denial) => {
    const budgets = new Budgets(FREE);
    expect(times(2, () => use(budgets, { limits, ...what }))).toEqual([null, null]);
    expect(use(budgets, { limits, ...what })).toMatchObject(denial);
    expect(use(budgets, { limits, ...what, who: task('two') })).toBeNull();
    // Whoever asks for a pass chooses the id: another tenant's task of the same one is another task.
    expect(use(budgets, { limits, ...what, who: task('one', 'globex') })).toBeNull();
  });

  it('has a budget of hosts, bytes each way and wall time', () => {
    const budgets = new Budgets(FREE);
    expect(use(budgets, { limits: { distinctHosts: 1 } })).toBeNull();
    expect(use(budgets, { limits: { distinctHosts: 1 }, host: 'b.test' })).toMatchObject({ reason: 'budget_hosts' });
    for (const way of ['up', 'down'] as const) {
      const who = task(way);
      expect(use(budgets, { who })).toBeNull();
      expect(budgets.spend(who, AMPLE, way, 1000)).toBeNull();
      expect(use(budgets, { who })).toMatchObject(used('task', 'budget_bytes', 1000, 1000));
      expect(budgets.spend(who, AMPLE, way, 1)).toEqual({
        ...used('task', 'budget_bytes', 1001, 1000),
        returnsMs: null,
      });
    }
    expect(use(budgets, { who: task('two'), at: 0 })).toBeNull();
    expect(use(budgets, { who: task('two'), at: 60_001 })).toMatchObject(used('task', 'budget_wall', 60_001, 60_000));
  });

  it('pays for an unusual name once: meeting the host again carries nothing more', () => {
    const budgets = new Budgets(FREE);
    const limits = { leakBytes: 25 };
    expect(times(10, () => use(budgets, { limits, hostLeak: 20 }))).toEqual(times(10, () => null));
    expect(use(budgets, { limits, hostLeak: 20, host: 'b.test' })).toMatchObject({ reason: 'budget_leak' });
  });

  it('is told until when it may go on', () => {
    const budgets = new Budgets(FREE);
    const what = { host: 'a.test', hostLeak: 0, leak: 0 };
    budgets.open(task('one'), AMPLE, what, START);
    expect(budgets.open(task('one'), AMPLE, what, START + 5000)).toBe(START + 60_000);
  });
});

describe('a tenant', () => {
  it.each([
    ['requests', { requests: 4 }, {}, used('tenant', 'budget_requests', 4, 4)],
    ['flows', { concurrency: 4 }, {}, used('tenant', 'budget_flows', 4, 4)],
    ['leaked data', { leakBytes: 45 }, { leak: 10 }, used('tenant', 'budget_leak', 50, 45)],
    ['rate', { rate: 2 }, {}, used('tenant', 'budget_rate', 2, 2)],
  ] as const)('has a budget of %s over all its tasks, and another tenant its own', (_, limits, what, denial) => {
    const budgets = new Budgets({ ...FREE, ...limits });
    expect(times(4, (i) => use(budgets, { who: task(`task-${i}`), ...what }))).toEqual([null, null, null, null]);
    expect(use(budgets, { who: task('five'), ...what })).toMatchObject(denial);
    expect(use(budgets, { who: task('six', 'globex'), ...what })).toBeNull();
  });

  it('has a budget of hosts, which says how long it is until it returns, and returns', () => {
    const budgets = new Budgets({ ...FREE, distinctHosts: 2 });
    expect(times(2, (i) => use(budgets, { who: task(`t${i}`), host: `${i}.test` }))).toEqual([null, null]);
    expect(use(budgets, { host: '0.test' })).toBeNull();
    const denial = use(budgets, { host: '2.test', at: 15_000 });
    expect(denial).toMatchObject({ ...used('tenant', 'budget_hosts', 2, 2), returnsMs: 45_000 });
    expect(use(budgets, { host: '2.test', at: 60_000, limits: { wallMs: 1e9 } })).toBeNull();
  });

  it('is not locked out by a clock that was ahead', () => {
    const budgets = new Budgets({ ...FREE, requests: 1 });
    expect(use(budgets, { at: 3_600_000 })).toBeNull();
    expect(use(budgets, { at: 3_600_000 })).toMatchObject({ reason: 'budget_requests' });
    expect(use(budgets)).toBeNull();
  });

  it('is forgotten with its last task, but for what it spent in a time that goes on, and its place is another’s', () => {
    const counts = new ByteCounts(new SharedArrayBuffer(4 * 24, { maxByteLength: 4 * 24 }));
    const budgets = new Budgets({ ...FREE, windowMs: 600_000, requests: 2, bytesUp: 1000 }, counts);
    const minute = (n: number, tenant: string, end = n + 1): BudgetDenial | null => {
      const who = { ...task('one', tenant), expiresAt: START + end * 60_000 };
      const denial = use(budgets, { who, at: n * 60_000 });
      if (denial === null) budgets.close(who);
      return denial;
    };
    expect([minute(0, 'acme'), minute(0, 'globex', 30)]).toEqual([null, null]);
    // Nobody has a place left: neither is over.
    expect(minute(1, 'initech')).toMatchObject({ reason: 'budget_flows' });
    // No task, but a request of its time is spent: one is left.
    expect(minute(4, 'acme')).toBeNull();
    expect(minute(4, 'acme')).toMatchObject(used('tenant', 'budget_requests', 2, 2));
    expect(budgets.size).toBe(4);
    expect(minute(11, 'initech')).toBeNull();
    expect(budgets.size).toBe(4);
  });

  it('is swept by a clock that was set back', () => {
    const budgets = new Budgets(FREE);
    const who = { ...task('one'), expiresAt: START - 7_200_000 };
    use(budgets, { who, at: 0 });
    budgets.close(who);
    use(budgets, { who: task('two', 'globex'), at: -3_600_000 });
    expect(budgets.size).toBe(2);
  });

  it('has a budget of bytes each way over all its tasks, which begins anew even under a flow that goes on', () => {
    const budgets = new Budgets({ ...FREE, windowMs: 1, bytesUp: 1000, bytesDown: 1000 });
    const long = { ...AMPLE, bytesUp: 1e9, bytesDown: 1e9 };
    const who = [task('one'), task('two'), task('other', 'globex')] as const;
    for (const one of who) use(budgets, { who: one, at: 30_000, limits: { wallMs: 1e9 } });
    for (const way of ['up', 'down'] as const) {
      expect(budgets.spend(who[0], long, way, 600)).toBeNull();
      expect(budgets.spend(who[1], long, way, 600)).toMatchObject(used('tenant', 'budget_bytes', 1200, 1000));
      expect(budgets.spend(who[2], long, way, 600)).toBeNull();
    }
    const over = new Budgets({ ...FREE, windowMs: 1000, bytesUp: 1000 });
    use(over, { at: -5000 });
    expect(over.spend(task('one'), long, 'up', 900)).toBeNull();
    expect(over.spend(task('one'), long, 'up', 900)).toBeNull();
    const denial = over.spend(task('one'), long, 'up', 900);
    expect(denial).toMatchObject(used('tenant', 'budget_bytes', 1800, 1000));
    expect(denial?.returnsMs).toBeGreaterThan(0);
  });

  it('has its bytes back under a flow that goes on, where the clock was ahead', () => {
    const budgets = new Budgets({ ...FREE, bytesUp: 1000 });
    use(budgets, { at: 3_600_000 });
    expect(budgets.spend(task('one'), { ...AMPLE, bytesUp: 1e9 }, 'up', 900)).toBeNull();
    expect(budgets.spend(task('one'), { ...AMPLE, bytesUp: 1e9 }, 'up', 900)).toBeNull();
  });
});

describe('the words of a denial', () => {
  it('say which budget of whom, how much of it is used, and when it returns', () => {
    const words = (denial: Omit<BudgetDenial, 'returnsMs'>, returnsMs: number | null) =>
      budgetWords({ ...denial, returnsMs });
    expect(words(used('task', 'budget_requests', 6, 6), null)).toEqual({
      message: 'the task has used its budget of requests: 6 of 6',
      help: 'start a new task, or ask for a profile with a larger budget; it does not return within this task',
    });
    expect(words(used('tenant', 'budget_bytes', 1200, 1000), 61_500)).toEqual({
      message: 'the tenant has used its budget of bytes: 1200 of 1000 bytes',
      help: 'try again in 62 s, or ask the operator for a larger budget of the tenant',
    });
    expect(words(used('task', 'budget_rate', 2, 2), 300)).toEqual({
      message: 'the task sends requests too fast: at most 2 a second',
      help: 'send fewer at once; try again in 1 s',
    });
  });
});
