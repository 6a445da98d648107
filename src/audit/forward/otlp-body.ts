/** Entries as OTLP logs: `ExportLogsServiceRequest` in the JSON encoding of protobuf, for `POST …/v1/logs`. */

import type { AuditEvent } from '../../core/event.ts';
import type { HttpBatch } from './http-sink.ts';
import type { Delivered, ForwardEntry } from './sink.ts';
import { type Weight, weightOf } from './weight.ts';

type AnyValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } };
interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}
type Plain = string | number | boolean | readonly string[] | null | undefined;

/** Severity numbers of the logs data model, as its appendix maps syslog. */
const SEVERITY: Readonly<Record<Weight, { readonly number: number; readonly text: string }>> = {
  info: { number: 9, text: 'INFO' },
  notice: { number: 10, text: 'INFO2' },
  warning: { number: 13, text: 'WARN' },
};

/** `observedAt` in epoch ms. The body is the entry itself, byte for byte, so that a receiver can prove it. */
export function otlpBatch(entries: readonly ForwardEntry[], version: string, observedAt: number): HttpBatch {
  const node = entries[0]?.event.node ?? '';
  const resource = { 'service.name': 'locktender', 'service.version': version, 'service.instance.id': node };
  const logRecords = entries.map((entry) => recordOf(entry, observedAt));
  const scopeLogs = [{ scope: { name: 'locktender.audit', version: '1' }, logRecords }];
  const request = { resourceLogs: [{ resource: { attributes: attributes(resource) }, scopeLogs }] };
  return { body: JSON.stringify(request), headers: { 'content-type': 'application/json' } };
}

/** The receiver must not be sent rejected records again (OTLP, partial success). */
export function otlpAccepted(answer: string): Delivered {
  try {
    const { partialSuccess } = JSON.parse(answer) as { partialSuccess?: { rejectedLogRecords?: string | number } };
    const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
    return { rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0 };
  } catch {
    return { rejected: 0 };
  }
}

function recordOf({ seq, text, event }: ForwardEntry, observedAt: number): object {
  const severity = SEVERITY[weightOf(event)];
  return {
    timeUnixNano: nanos(Date.parse(event.time)),
    observedTimeUnixNano: nanos(observedAt),
    severityNumber: severity.number,
    severityText: severity.text,
    eventName: `locktender.${event.type}`,
    body: { stringValue: text },
    attributes: attributes({
      'event.name': `locktender.${event.type}`,
      'log.record.uid': event.id,
      'locktender.seq': seq,
      'locktender.tenant': event.tenant,
      'locktender.task': event.task,
      ...own(event),
    }),
  };
}

/** What is asked for most, by the names of the semantic conventions where there are any. */
function own(event: AuditEvent): Record<string, Plain> {
  switch (event.type) {
    case 'decision':
      return {
        'server.address': event.input.host,
        'server.port': event.input.port,
        'http.request.method': event.input.method,
        'url.scheme': event.input.scheme,
        'locktender.effect': event.effect,
        'locktender.reason': event.reason,
        'locktender.capability': event.capability,
        'locktender.rule': event.rule?.id,
        'locktender.profile': event.input.profile,
        'locktender.categories': event.categories,
      };
    case 'flow.closed':
      return { 'locktender.decision': event.decision, 'locktender.cause': event.cause };
    case 'guard.verdict':
      return { 'locktender.decision': event.decision, 'locktender.action': event.action };
    case 'control.changed':
      return { 'locktender.change': event.change, 'locktender.action': event.action.do, 'user.name': event.by };
    case 'admin.access':
      return { 'user.name': event.actor, 'http.request.method': event.method, 'http.route': event.route };
    default:
      return {};
  }
}

function attributes(of: Readonly<Record<string, Plain>>): KeyValue[] {
  return Object.entries(of).flatMap(([key, value]) =>
    value === null || value === undefined ? [] : [{ key, value: anyValue(value) }],
  );
}

function anyValue(value: string | number | boolean | readonly string[]): AnyValue {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    // 64-bit integers are strings in the JSON encoding.
    case 'number':
      return { intValue: String(value) };
    case 'boolean':
      return { boolValue: value };
    default:
      return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } };
  }
}

function nanos(ms: number): string {
  return `${ms}000000`;
}
