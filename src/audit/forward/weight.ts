/** How much an event weighs to whoever watches: syslog severities (RFC 5424), of which OTLP's follow. */

import type { AuditEvent, EventType } from '../../core/event.ts';

export type Weight = 'info' | 'notice' | 'warning';

type Weigh<T extends EventType> = Weight | ((event: Extract<AuditEvent, { readonly type: T }>) => Weight);

/** Allowed and ordinary: info. Refused, redacted or changed by somebody: notice. Blocked, broken or lost: warning. */
const WEIGHTS: { readonly [T in EventType]: Weigh<T> } = {
  decision: ({ effect }) => (effect === 'allow' ? 'info' : 'notice'),
  'flow.closed': ({ cause }) => (cause === 'internal_error' || cause === 'guard_blocked' ? 'warning' : 'info'),
  'guard.verdict': ({ action }) => (({ pass: 'info', redact: 'notice', block: 'warning' }) as const)[action],
  'task.admitted': ({ admitted }) => (admitted ? 'info' : 'notice'),
  'task.finished': ({ status }) => (status === 'completed' ? 'info' : status === 'host_lost' ? 'warning' : 'notice'),
  'bundle.loaded': ({ refused }) => (refused === null ? 'notice' : 'warning'),
  'rules.loaded': ({ refused }) => (refused === null ? 'notice' : 'warning'),
  'admin.access': ({ status }) => (status < 400 ? 'info' : 'notice'),
  'control.changed': 'notice',
  'control.pending': 'notice',
  'log.pruned': 'notice',
  'tenant.shredded': 'notice',
  'node.recovered': 'warning',
  'node.started': 'info',
  'fleet.lease': ({ state }) => (state === 'held' ? 'notice' : 'warning'),
};

export function weightOf(event: AuditEvent): Weight {
  const weight = WEIGHTS[event.type] as Weight | ((of: AuditEvent) => Weight);
  return typeof weight === 'function' ? weight(event) : weight;
}
