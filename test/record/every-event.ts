/** One event of every kind, and of the variants that look different from outside. A new kind does not compile without. */

import type { AuditEvent, DecisionEvent, EventType } from '../../src/core/event.ts';
import { decisionBody } from './log-fixture.ts';

const COMMON = { v: 1, time: '2026-11-23T00:00:00.123Z', node: 'gate 1', tenant: 'acme', task: 't_1' } as const;
const NOBODY = { ...COMMON, tenant: null, task: null } as const;
const USAGE = { boot_ms: 1.5, cpu_ms: 1, wall_ms: 1.25, peak_memory_bytes: 1, requests: 1, bytes: 1 };
const CHANGE = { do: 'category.block', category: 'gambling' } as never;

const decision = (n: number, more: Partial<DecisionEvent> = {}) =>
  ({ ...decisionBody(n, more), v: 1, time: COMMON.time, node: 'gate 1' }) as DecisionEvent;
const asked = (input: Partial<DecisionEvent['input']>) => decision(0, { input: { ...decision(0).input, ...input } });

type EventsOf = { readonly [T in EventType]: readonly Extract<AuditEvent, { readonly type: T }>[] };

const finding = { rule: 'github-pat' } as never;
const verdict = (action: 'pass' | 'redact' | 'block', findings: readonly never[] = [finding]) =>
  ({
    ...COMMON,
    ...({ type: 'guard.verdict', id: 'g_1', decision: 'd_1', direction: 'result', action, findings, more: 0 } as const),
    ...({ rules: 'r', bytes: 9 } as const),
  }) as const;
const admitted = (ok: boolean) =>
  ({
    ...COMMON,
    ...({
      type: 'task.admitted',
      id: 'e_1',
      kind: 'sandbox',
      pass: 'p_1',
      class: 'c',
      profile: 'reader',
      risk: 1,
    } as const),
    ...({
      capabilities: [],
      policies: [],
      admitted: ok,
      reason: ok ? null : 'default_deny',
      bundle: 'b',
      caller: 'ann',
    } as const),
  }) as const;
const pending = (state: 'asked' | 'rejected' | 'expired') =>
  ({
    ...NOBODY,
    type: 'control.pending',
    id: 'e_2',
    pending: 'q_1',
    action: CHANGE,
    state,
    by: 'ann',
    why: 'x',
    until: 1,
  }) as const;
const loaded = { ...NOBODY, id: 'e_3', previous: null, refused: null } as const;
const access = (method: string, status: number) =>
  ({ ...NOBODY, type: 'admin.access', id: 'e_4', actor: 'bob', method, route: '/v1/audit', status }) as const;

const HUB = { hub: 'hub', sequence: 7 } as const;

const EVERY: EventsOf = {
  decision: [
    decision(0),
    decision(1),
    asked({ method: 'PATCH' }),
    asked({ method: '?', scheme: null, host: null, port: null, addresses: null, cnames: null, path_hash: null }),
    asked({ host: null, addresses: ['203.0.113.9'] }),
    asked({ path: '/a?b=c' }),
    asked({ path: 'sealed:v1:0011223344556677:AAAA' }),
    decision(0, { tenant: null, task: null, rule: null, capability: null }),
  ],
  'flow.closed': [
    {
      ...COMMON,
      ...{
        type: 'flow.closed',
        id: 'f_1',
        decision: 'd_1',
        cause: 'completed',
        change: null,
        reason: null,
        status: 200,
      },
      ...({ bytes_up: 2, bytes_down: 3, duration_ms: 4.75 } as const),
    } as const,
  ],
  'task.admitted': [admitted(true), admitted(false)],
  'task.finished': (['completed', 'timeout'] as const).map(
    (status) =>
      ({
        ...COMMON,
        type: 'task.finished',
        id: 'e_5',
        status,
        usage: USAGE,
        wall: 'process',
        code_hash: 'ab',
      }) as const,
  ),
  'guard.verdict': [verdict('pass', []), verdict('redact'), verdict('block')],
  'control.changed': [
    {
      ...NOBODY,
      ...({
        type: 'control.changed',
        id: 'c_1',
        change: 'c_1',
        action: CHANGE,
        by: 'ann',
        why: 'x',
        until: null,
      } as const),
      ...({ automatic: false, version: 1, receipt: null, patch: {} as never } as const),
    } as const,
  ],
  'control.pending': [pending('asked'), pending('rejected'), pending('expired')],
  'bundle.loaded': [null, 'a file is wrong'].map(
    (refused) => ({ ...loaded, type: 'bundle.loaded', bundle: 'b', category_index: 'c', refused }) as const,
  ),
  'rules.loaded': [null, 'a rule is wrong'].map(
    (refused) => ({ ...loaded, type: 'rules.loaded', rules: 'r', count: 3, refused }) as const,
  ),
  'admin.access': [
    access('GET', 200),
    { ...access('POST', 200), on: 'net-disks', why: 'a drill' },
    access('DELETE', 403),
  ],
  'node.started': [{ ...NOBODY, type: 'node.started', id: 'e_6', version: '1.2.3', runtime: 'node' }],
  'tenant.shredded': [{ ...COMMON, task: null, type: 'tenant.shredded', id: 'e_9', by: 'ann', why: 'asked to' }],
  'node.recovered': [{ ...NOBODY, type: 'node.recovered', id: 'e_7', truncated_bytes: 3, entries: 2 }],
  'fleet.lease': [
    { ...NOBODY, type: 'fleet.lease', id: 'e_10', state: 'over', change: 'c_9', live: 3, cut: 3, missed: 0, ...HUB },
    { ...NOBODY, type: 'fleet.lease', id: 'e_11', state: 'held', change: null, live: 0, cut: 0, missed: 0, ...HUB },
  ],
  'log.pruned': [
    {
      ...NOBODY,
      type: 'log.pruned',
      id: 'e_8',
      first_kept: 65536,
      by: 'locktender',
      why: 'old',
      controls: {} as never,
    },
  ],
};

export const everyEvent: readonly AuditEvent[] = Object.values(EVERY).flat();
