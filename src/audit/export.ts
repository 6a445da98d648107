/** Entries in other systems' formats, one JSON object a line. The log stays the authority; an export says where it is from. */

import type { AuditEvent } from '../core/event.ts';
import { ocsfEvent } from './ocsf.ts';

export const EXPORT_FORMATS = ['jsonl', 'ocsf', 'cloudevents'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** One line without its line feed. `jsonl` is the entry itself, byte for byte. */
export function exportLine(seq: number, text: string, format: ExportFormat): string {
  switch (format) {
    case 'jsonl':
      return text;
    case 'ocsf':
      return JSON.stringify(ocsfEvent(seq, JSON.parse(text) as AuditEvent));
    case 'cloudevents':
      return JSON.stringify(cloudEvent(seq, JSON.parse(text) as AuditEvent));
  }
}

/** CloudEvents 1.0 in JSON, with the `sequence` extension. `id` and `source` together are unique. */
function cloudEvent(seq: number, event: AuditEvent): object {
  const subject = event.task ?? event.tenant;
  return {
    specversion: '1.0',
    id: event.id,
    source: `urn:locktender:node:${encodeURIComponent(event.node)}`,
    type: `io.locktender.${event.type}.v${event.v}`,
    time: event.time,
    ...(subject === null ? {} : { subject }),
    sequence: String(seq).padStart(16, '0'),
    datacontenttype: 'application/json',
    data: event,
  };
}
