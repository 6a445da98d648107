/** A recorded event on one line, for people: its place, what it is, whose, and what happened. */

import type { AuditEvent, EventType } from '../core/event.ts';
import { plain } from './print.ts';

type Of<T extends EventType> = Extract<AuditEvent, { readonly type: T }>;

const SAID: { readonly [T in EventType]: (event: Of<T>) => readonly (string | number | null | undefined)[] } = {
  decision: ({ effect, reason, input, id, detail }) => [
    ...[effect, reason, input.method, input.host && `${input.host}:${input.port}`, id],
    detail && `(${detail})`,
  ],
  'flow.closed': ({ cause, change, decision, status, bytes_up, bytes_down, duration_ms }) => [
    ...[cause, change && `by ${change}`, `of ${decision}`, status],
    ...[`${bytes_up} bytes up, ${bytes_down} down in ${Math.round(duration_ms)} ms`],
  ],
  'task.admitted': ({ admitted, reason, kind, class: of, profile, risk, caller }) => [
    admitted ? kind : `refused: ${reason}`,
    `class ${of}, profile ${profile}, risk ${risk}, for ${caller}`,
  ],
  'task.finished': ({ status, wall, usage }) => [status, `in ${Math.round(usage.wall_ms)} ms behind ${wall}`],
  'guard.verdict': ({ action, direction, findings, more, unread, decision }) => [
    ...[action, direction, `${findings.length + more} findings`, unread && 'not all of it was looked at'],
    ...[[...new Set(findings.map(({ rule }) => rule))].join(' '), decision && `of ${decision}`],
  ],
  'control.changed': ({ action, by, approved_by, why, until, receipt }) => [
    ...[said(action), `by ${by}`, approved_by && `and ${approved_by}`],
    until && `until ${new Date(until).toISOString()}`,
    receipt && `cut ${receipt.cut} of ${receipt.dependants}`,
    `because ${why}`,
  ],
  'control.pending': ({ action, state, by, why, pending }) => [
    said(action),
    state,
    `by ${by}`,
    pending,
    `because ${why}`,
  ],
  'bundle.loaded': ({ bundle, refused }) => [
    refused === null ? `bundle ${bundle.slice(0, 12)}` : `refused: ${refused}`,
  ],
  'rules.loaded': ({ rules, count, refused }) => [
    refused === null ? `${count} rules ${rules.slice(0, 12)}` : `refused: ${refused}`,
  ],
  'admin.access': ({ actor, method, route, status, on, why }) => [
    ...[actor, method, route, status, on && `on ${on}`, why && `because ${why}`],
  ],
  'node.started': ({ version, runtime }) => [`version ${version} on ${runtime}`],
  'node.recovered': ({ truncated_bytes, entries }) => [
    `${entries} entries kept, ${truncated_bytes} bytes of a torn tail cut`,
  ],
  'fleet.lease': ({ state, hub, sequence, live, cut }) => [
    ...[state, `from hub ${hub}`, `order ${sequence}`, state === 'over' ? `cut ${cut} of ${live}` : null],
  ],
  'log.pruned': ({ first_kept, by, why }) => [`first kept ${first_kept}`, `by ${by}`, `because ${why}`],
  'tenant.shredded': ({ by, why }) => [`by ${by}`, `because ${why}`],
};

/** Every type of event that this version records. */
export const EVENT_TYPES: readonly string[] = Object.keys(SAID);

function said({ do: done, ...of }: Of<'control.changed'>['action']): string {
  const { tenant, ...what } = of as Readonly<Record<string, string | null>>;
  const name = Object.values(what).join(' ') || tenant;
  return `${done} ${name}${tenant && name !== tenant ? ` for ${tenant}` : ''}`;
}

/** One line without a control character; of a type that this version does not know, only the head. */
export function eventLine(seq: number, event: AuditEvent): string {
  const say = (SAID as Readonly<Record<string, ((event: AuditEvent) => readonly unknown[]) | undefined>>)[event.type];
  const parts = (say?.(event) ?? []).filter((part) => part !== null && part !== undefined && part !== '');
  return plain([seq, event.time, event.type, event.tenant ?? '-', event.task ?? '-', ...parts].join(' '));
}
