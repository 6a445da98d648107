import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ControlAction } from '../../src/core/controls.ts';
import type { ControlPlane, LiveTask } from '../../src/core/ports.ts';
import { err, ok } from '../../src/core/result.ts';
import { gatewayClient } from '../../src/gateway/client.ts';
import { DEV_KEY, type TestGateway, testGateway } from './fixture.ts';

let at: TestGateway;
const PAT = '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';
const LOOP = 'export default () => { for (;;); };';

/** What the record knows beside the gateway, and what was asked of the controls. */
let known: LiveTask[] = [];
const asked: string[] = [];
/** Why the controls change nothing, as at a member of a fleet. */
let unchanged: string | null = null;
const control = {
  apply: async ({ action }: { action: ControlAction }) => {
    asked.push(Object.values(action).join(' '));
    return unchanged === null ? ok({}) : err(unchanged);
  },
} as unknown as ControlPlane;

beforeAll(async () => {
  at = await testGateway({}, { control, named: (id) => known.filter((task) => task.id === id) });
});
afterAll(() => at.close());
beforeEach(() => {
  at.recorded.length = 0;
  asked.length = 0;
  known = [];
  unchanged = null;
});

const submit = (body: object, headers = {}) => at.call('/v1/tasks', { body, headers });
/** A sandbox that the record knows. */
const live = (id: string, tenant: string): LiveTask => ({
  ...{ id, tenant, class: 'code', profile: 'code', kind: 'sandbox', until: Date.now() + 60_000 },
});
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((r) => setTimeout(r, 5));
};

describe('POST /v1/tasks', () => {
  test('runs tool code, answers with its result, and records the whole walk', async () => {
    const { status, body } = await submit({
      class: 'strict',
      language: 'ts',
      code: 'export default async (input: { n: number }) => ({ twice: input.n * 2 });',
      input: { n: 21 },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'completed', result: { twice: 42 }, profile: 'strict', decisions: [] });
    expect(body['guard']).toEqual({ action: 'pass', findings: [], more: 0 });
    expect(at.recorded.map((e) => e.type)).toEqual(['task.admitted', 'guard.verdict', 'task.finished']);
    expect(new Set(at.recorded.map((e) => e.task))).toEqual(new Set([body['task']]));
    expect(at.recorded.at(-1)).toMatchObject({ status: 'completed', wall: body['wall'] });
  });

  test('what a tool returns, logs or throws passes the guard', async () => {
    const returned = await submit({ code: `export default () => ({ token: '${PAT}' });` });
    expect(returned.body['guard']).toMatchObject({ action: 'redact', findings: [{ rule: 'github-pat' }] });
    const logged = await submit({ code: `export default () => { console.log('${PAT}'); };` });
    const threw = await submit({ code: `export default () => { throw new Error('${PAT}'); };` });
    for (const { body } of [returned, logged, threw]) expect(JSON.stringify(body)).not.toContain(PAT);
    expect(JSON.stringify(at.recorded)).not.toContain(PAT);
  });

  test('what admission refuses is refused with the reason, on record', async () => {
    const { status, body } = await submit({ class: 'trusted', risk: 80, code: 'export default () => 1;' });
    expect(status).toBe(403);
    expect(body).toMatchObject({ code: 'pass_not_admitted', status: 403 });
    expect(at.recorded).toMatchObject([{ type: 'task.admitted', admitted: false, reason: 'pass_not_admitted' }]);
  });

  test.each([
    ['no code', {}, 400, 'bad_request'],
    ['an unknown key', { code: 'x', colour: 1 }, 400, 'bad_request'],
    ['a body that is no JSON', '{', 400, 'bad_request'],
    ['an unknown class', { code: 'x', class: 'nope' }, 403, 'pass_not_admitted'],
  ])('refuses %s', async (_what, body, status, code) => {
    expect(await at.call('/v1/tasks', { body })).toMatchObject({ status, body: { code } });
  });

  test('limits may be lowered and never raised', async () => {
    const lower = await submit({ class: 'strict', code: LOOP, limits: { wall_ms: 100 } });
    expect(lower.body).toMatchObject({ status: 'timeout', result: null, error: { code: 'timeout' } });
    const raised = await submit({
      class: 'strict',
      code: "export default () => 'x'.repeat(1_000_000);",
      limits: { output_bytes: 100_000_000 },
    });
    expect(raised.body).toMatchObject({ status: 'output_exceeded' });
  });

  test('the same idempotency key runs once', async () => {
    const body = { code: 'export default () => Math.random();' };
    const headers = { 'idempotency-key': 'k-1' };
    const [first, again] = await Promise.all([submit(body, headers), submit(body, headers)]);
    expect(again.body).toEqual(first.body);
    const other = await submit({ code: 'export default () => 1;' }, headers);
    expect(other).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(await submit(body, { 'idempotency-key': '' })).toMatchObject({ status: 400 });
  });

  test('a key that two wait for goes on when the first of them leaves', async () => {
    const body = { task: 'shared-1', code: 'export default () => new Promise((r) => setTimeout(r, 300, 7));' };
    const headers = { 'idempotency-key': 'k-shared' };
    const leave = new AbortController();
    const first = at.call('/v1/tasks', { body, headers, signal: leave.signal });
    await until(() => at.pool.stats().running > 0);
    const second = submit(body, headers);
    await at.call('/v1/tasks/shared-1');
    leave.abort();
    await expect(first).rejects.toThrow('abort');
    expect((await second).body).toMatchObject({ status: 'completed', result: 7 });
  });

  test('streams guarded log lines, then the report', async () => {
    const response = await fetch(`${at.gateway.url}/v1/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${DEV_KEY}` },
      body: JSON.stringify({
        stream: true,
        code: `export default (input, env) => { console.log('one'); env.progress({ done: 1, of: ['${PAT}'] }); console.log('${PAT}'); return 2; };`,
      }),
    });
    const text = await response.text();
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(text).toMatch(/^event: log\ndata: {"level":"log","text":"one"}\n\n/);
    expect(text).toMatch(/\n\nevent: progress\ndata: {"done":1,"of":\[/);
    expect(text).toMatch(/event: result\ndata: {.*"result":2/);
    expect(text).not.toContain(PAT);
  });

  test('an async generator gives its result in parts, each guarded; together they are the result', async () => {
    const code = `export default async function* (n) { for (let i = 0; i < n; i += 1) yield { i }; yield '${PAT}'; }`;
    const whole = await submit({ code, input: 2 });
    expect(whole.body).toMatchObject({ status: 'completed', logs: [], guard: { action: 'redact' } });
    expect((whole.body['result'] as unknown[]).slice(0, 2)).toEqual([{ i: 0 }, { i: 1 }]);
    const client = gatewayClient({ url: at.gateway.url, token: DEV_KEY });
    const events = [];
    for await (const event of client.streamTask({ code, input: 2 })) events.push(event);
    expect(events.map(({ event }) => event)).toEqual(['part', 'part', 'part', 'result']);
    expect(events[1]?.data).toEqual({ i: 1 });
    expect(events[3]?.data).toMatchObject({ status: 'completed', result: [{ i: 0 }, { i: 1 }, events[2]?.data] });
    expect(JSON.stringify([whole, events])).not.toContain(PAT);
    const endless = "export default async function* () { for (;;) yield 'x'.repeat(1000); }";
    expect((await submit({ code: endless })).body).toMatchObject({ status: 'output_exceeded', result: null });
  });

  test('who leaves the stream early ends the task', async () => {
    const client = gatewayClient({ url: at.gateway.url, token: DEV_KEY });
    const code = 'export default async function* () { yield 1; await new Promise(() => {}); }';
    for await (const { event } of client.streamTask({ code, task: 'left-1' })) if (event === 'part') break;
    await until(() => at.recorded.some((e) => e.type === 'task.finished' && e.task === 'left-1'));
    expect(at.recorded.at(-1)).toMatchObject({ status: 'killed' });
  });

  test('T-81 nothing of a result leaves when it cannot be recorded', async () => {
    const running = submit({ code: "export default () => new Promise((r) => setTimeout(r, 200, 'secret'));" });
    await until(() => at.recorded.some((e) => e.type === 'task.admitted'));
    at.record.broken = true;
    const { status, body } = await running;
    at.record.broken = false;
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'audit_unavailable' });
    expect(JSON.stringify(body)).not.toContain('secret');
  });
});

describe('a task that runs', () => {
  test('is shown and killed by its id', async () => {
    const running = submit({ task: 'mine-1', code: LOOP });
    await until(() => at.pool.stats().running > 0);
    expect((await at.call('/v1/tasks/mine-1')).body).toMatchObject({ status: 'running' });
    expect((await submit({ task: 'mine-1', code: LOOP })).body).toMatchObject({ code: 'conflict' });
    expect((await at.call('/v1/tasks/mine-1', { method: 'DELETE' })).body).toEqual({
      task: 'mine-1',
      status: 'killed',
    });
    expect((await running).body).toMatchObject({ status: 'killed' });
    expect((await at.call('/v1/tasks/mine-1')).body).toMatchObject({ status: 'killed' });
    expect((await at.call('/v1/tasks/none')).status).toBe(404);
  });

  test('is killed where no controls are changed, as at a member of a fleet; a sandbox is not, and its caller is told', async () => {
    unchanged = 'not done: change it at the hub';
    const kill = (id: string) => at.call(`/v1/tasks/${id}`, { method: 'DELETE' });
    const running = submit({ task: 'member-1', code: LOOP });
    await until(() => at.pool.stats().running > 0);
    expect((await kill('member-1')).body).toEqual({ task: 'member-1', status: 'killed' });
    expect((await running).body).toMatchObject({ status: 'killed' });
    known = [live('member-2', 'acme')];
    expect(await kill('member-2')).toMatchObject({ status: 409, body: { detail: expect.stringContaining(unchanged) } });
    expect((await at.call('/v1/tasks/member-2')).body).toMatchObject({ status: 'running' });
  });

  test('goes on when policy is loaded anew', async () => {
    const running = submit({ task: 'mine-3', code: 'export default () => new Promise((r) => setTimeout(r, 100, 5));' });
    await until(() => at.pool.stats().running > 0);
    expect(at.leases.rejudge()).toEqual([]);
    expect((await running).body).toMatchObject({ status: 'completed', result: 5 });
  });

  test('ends when its lease is cut, and when nobody waits for it any more', async () => {
    const cut = submit({ task: 'mine-2', code: LOOP });
    await until(() => at.pool.stats().running > 0);
    const [held] = at.leases.live();
    expect(held?.flow).toMatchObject({ kind: 'isolate', task: 'mine-2' });
    await held?.flow.cut('c_1');
    expect((await cut).body).toMatchObject({ status: 'killed' });
    const leave = new AbortController();
    const left = fetch(`${at.gateway.url}/v1/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${DEV_KEY}` },
      body: JSON.stringify({ code: LOOP }),
      signal: leave.signal,
    });
    await until(() => at.pool.stats().running > 0);
    leave.abort();
    await expect(left).rejects.toThrow('abort');
    await until(() => at.recorded.filter((e) => e.type === 'task.finished').length === 2);
    expect(at.recorded.at(-1)).toMatchObject({ status: 'killed' });
  });
});

describe('POST /v1/passes', () => {
  test('issues a pass for the caller', async () => {
    const { status, body } = await at.call('/v1/passes', { body: { class: 'code', ttl_ms: 60_000 } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ tenant: 'acme', class: 'code', profile: 'code', token: expect.any(String) });
    expect(at.recorded).toMatchObject([{ type: 'task.admitted', kind: 'sandbox', caller: 'dev' }]);
  });

  test('its task is shown while the pass stands, and as killed when it was', async () => {
    await at.call('/v1/passes', { body: { class: 'code', task: 'box-1' } });
    const shown = async () => (await at.call('/v1/tasks/box%2D1')).body;
    expect(await shown()).toMatchObject({ task: 'box-1', class: 'code', status: 'running', result: null });
    const mark = { by: 'ann', why: 'test', at: 0, until: null, change: 'c_1' };
    at.change({ killedTasks: { 'acme/box-1': mark, 'globex/box-2': mark } });
    expect(await shown()).toMatchObject({ status: 'killed' });
    const again = await at.call('/v1/passes', { body: { class: 'code', task: 'box-1' } });
    expect(again).toMatchObject({
      status: 403,
      body: { code: 'task_killed', detail: expect.stringContaining('killed') },
    });
    // Another tenant's kill is none of this one's.
    const free = await at.call('/v1/passes', { body: { class: 'code', task: 'box-2' } });
    expect(free.status).toBe(201);
    at.change({ killedTasks: {} });
  });

  test('who kills it kills no task of that id of another tenant', async () => {
    await at.call('/v1/passes', { body: { class: 'code', task: 'nightly' } });
    known = [live('nightly', 'globex'), live('nightly', 'acme')];
    expect((await at.call('/v1/tasks/nightly', { method: 'DELETE' })).body).toEqual({
      task: 'nightly',
      status: 'killed',
    });
    expect(asked).toEqual(['task.kill nightly acme']);
    expect((await at.call('/v1/tasks/nightly')).body).toMatchObject({ status: 'killed' });
  });

  test('where an isolate ended under its id, the sandbox is shown and killed', async () => {
    await submit({ task: 'twice', code: 'export default () => 1;' });
    expect((await at.call('/v1/tasks/twice')).body).toMatchObject({ status: 'completed' });
    known = [live('twice', 'globex'), live('twice', 'acme')];
    expect((await at.call('/v1/tasks/twice')).body).toMatchObject({ tenant: 'acme', status: 'running' });
    expect((await at.call('/v1/tasks/twice', { method: 'DELETE' })).body).toEqual({ task: 'twice', status: 'killed' });
    expect(asked).toEqual(['task.kill twice acme']);
  });

  test('one tenant’s task stands in no other’s way, and who may see both says which is meant', async () => {
    const as = (tenant: string) => submit({ task: 'common', tenant, code: `export default () => '${tenant}';` });
    const both = [await as('globex'), await as('initech')];
    expect(both.map(({ body }) => body['result'])).toEqual(['globex', 'initech']);
    const of = (query: string, method = 'GET') => at.call(`/v1/tasks/common${query}`, { method });
    expect((await of('?tenant=globex')).body).toMatchObject({ tenant: 'globex', result: 'globex' });
    expect((await of('?tenant=initech')).body).toMatchObject({ tenant: 'initech', result: 'initech' });
    expect([(await of('')).status, (await of('', 'DELETE')).status, (await of('?tenant=acme')).status]).toEqual([
      409, 409, 404,
    ]);
    expect((await as('acme')).body).toMatchObject({ status: 'completed' });
    expect((await of('')).body).toMatchObject({ tenant: 'acme' });
  });

  test('one of before a start is shown and killed too', async () => {
    known = [live('before-1', 'globex'), live('before-1', 'acme')];
    expect((await at.call('/v1/tasks/before-1')).body).toMatchObject({ tenant: 'acme', status: 'running' });
    expect((await at.call('/v1/tasks/before-1', { method: 'DELETE' })).status).toBe(200);
    expect(asked).toEqual(['task.kill before-1 acme']);
  });

  test.each([
    ['a life under a second', { ttl_ms: 999 }],
    ['a source that is no address', { source: 'nowhere' }],
  ])('%s is a wrong request, not a refusal of admission', async (_what, order) => {
    const refused = await at.call('/v1/passes', { body: { class: 'code', ...order } });
    expect(refused).toMatchObject({ status: 400, body: { code: 'bad_request' } });
  });
});
