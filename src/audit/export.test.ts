import { describe, expect, it } from 'vitest';
import { decisionBody } from '../../test/record/log-fixture.ts';
import { canonicalJson, type Json } from '../core/canonical-json.ts';
import { exportLine } from './export.ts';

const COMMON = { v: 1, time: '2026-11-23T00:00:00.123Z', node: 'gate 1', tenant: 'acme', task: 't_1' };
const USAGE = { boot_ms: 1, cpu_ms: 1, wall_ms: 1, peak_memory_bytes: 1, requests: 1, bytes: 1 };
const text = (event: object): string => canonicalJson({ ...event, ...COMMON } as Json);

const CASES: readonly [string, object, object][] = [
  [
    'an allowed request as HTTP Activity',
    decisionBody(1),
    { class_uid: 4002, activity_id: 3, action_id: 1, status_id: 1 },
  ],
  [
    'a denied request',
    decisionBody(0),
    { class_uid: 4002, action_id: 2, disposition_id: 2, status_detail: 'category_blocked' },
  ],
  [
    'a closed flow as Network Activity',
    {
      type: 'flow.closed',
      id: 'f_1',
      decision: 'd_1',
      cause: 'completed',
      change: null,
      reason: null,
      status: 200,
      bytes_up: 2,
      bytes_down: 3,
      duration_ms: 4,
    },
    { class_uid: 4001, activity_id: 2, traffic: { bytes_out: 2, bytes_in: 3, bytes: 5 }, duration: 4 },
  ],
  [
    'a blocking verdict as Data Security Finding',
    {
      type: 'guard.verdict',
      id: 'g_1',
      decision: null,
      direction: 'request',
      action: 'block',
      findings: [{ rule: 'github-pat' }],
      more: 1,
      rules: 'r',
      bytes: 9,
    },
    {
      class_uid: 2006,
      activity_id: 1,
      severity_id: 4,
      disposition_id: 2,
      is_alert: true,
      finding_info: { uid: 'g_1', types: ['github-pat'] },
    },
  ],
  [
    'the end of a task as Application Lifecycle',
    { type: 'task.finished', id: 'e_1', status: 'timeout', usage: USAGE, wall: 'bubblewrap', code_hash: 'ab' },
    { class_uid: 6002, activity_id: 4, status_id: 2, app: { uid: 't_1' } },
  ],
  [
    "an operator's change as API Activity",
    {
      type: 'control.changed',
      id: 'c_1',
      change: 'c_1',
      action: { do: 'category.block', category: 'paste-sites' },
      by: 'ann',
      why: 'x',
      until: null,
      automatic: false,
      version: 1,
      receipt: null,
      patch: { marks: [], overrides: { removed: [], added: [] } },
    },
    { class_uid: 6003, activity_id: 3, api: { operation: 'category.block' }, actor: { user: { name: 'ann' } } },
  ],
  [
    'a refused look as API Activity',
    { type: 'admin.access', id: 'e_2', actor: 'bob', method: 'GET', route: '/v1/audit', status: 403 },
    { class_uid: 6003, activity_id: 2, status_id: 2 },
  ],
];

describe('export', () => {
  it.each(CASES)('OCSF: %s', (_, event, expected) => {
    const line = JSON.parse(exportLine(7, text(event), 'ocsf'));
    expect(line).toMatchObject(expected);
    expect(line.type_uid).toBe(line.class_uid * 100 + line.activity_id);
    expect(line.category_uid).toBe(Math.floor(line.class_uid / 1000));
    expect(line).toMatchObject({ time: Date.parse(COMMON.time), metadata: { version: '1.5.0', sequence: 7 } });
    expect(line.unmapped).toEqual(JSON.parse(text(event)));
  });

  it('CloudEvents: required attributes, sortable sequence, the event as data', () => {
    const line = JSON.parse(exportLine(42, text(decisionBody(1)), 'cloudevents'));
    expect(line).toMatchObject({
      specversion: '1.0',
      source: 'urn:locktender:node:gate%201',
      type: 'io.locktender.decision.v1',
      subject: 't_1',
      sequence: '0000000000000042',
      datacontenttype: 'application/json',
    });
    expect(line.id).toBe(line.data.id);
  });

  it('JSON Lines: the entry, byte for byte', () => {
    const entry = text(decisionBody(1));
    expect(exportLine(0, entry, 'jsonl')).toBe(entry);
  });
});
