/** Events as syslog messages (RFC 5424), framed by octet counting (RFC 6587 3.4.1). */

import type { ForwardEntry } from './sink.ts';
import { type Weight, weightOf } from './weight.ts';

export interface SyslogHeader {
  /** 0 to 23 (RFC 5424 table 1). */
  readonly facility: number;
  readonly format: (entry: ForwardEntry) => string;
}

const SEVERITY: Readonly<Record<Weight, number>> = { warning: 4, notice: 5, info: 6 };
/** Private enterprise number of the structured data; 32473 is the one for examples (RFC 5612): we have none of our own. */
const SD_ID = 'locktender@32473';

/**
 * One message without framing. What identifies the entry stands first, so that a receiver that cuts long messages keeps
 * it. MSG is JSON in UTF-8 without a byte order mark (MSG-ANY), so that it parses as it stands.
 */
export function syslogMessage(entry: ForwardEntry, { facility, format }: SyslogHeader): string {
  const { seq, event } = entry;
  const priority = facility * 8 + SEVERITY[weightOf(event)];
  const fields: [string, string | null][] = [
    ['seq', String(seq)],
    ['id', event.id],
    ['tenant', event.tenant],
    ['task', event.task],
  ];
  const data = fields.flatMap(([name, value]) => (value === null ? [] : [` ${name}="${escaped(value)}"`])).join('');
  const head = `<${priority}>1 ${event.time} ${header(event.node, 255)} locktender - ${header(event.type, 32)}`;
  return `${head} [${SD_ID}${data}] ${format(entry)}`;
}

/** `MSG-LEN SP SYSLOG-MSG`: the length is in octets. */
export function counted(message: string): Buffer {
  const bytes = Buffer.from(message);
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

/** PARAM-VALUE: `"`, `\` and `]` are escaped (RFC 5424 6.3.3); control characters have no place in names of ours. */
function escaped(value: string): string {
  return value.replace(/["\\\]]/g, '\\$&').replace(/\p{Cc}/gu, '?');
}

/** PRINTUSASCII, or the nil value. */
function header(value: string, most: number): string {
  const clean = value.replace(/[^\x21-\x7e]/g, '?').slice(0, most);
  return clean === '' ? '-' : clean;
}
