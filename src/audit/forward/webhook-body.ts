/** Entries for a plain HTTP receiver: JSON Lines, or a CloudEvents batch. */

import type { ExportFormat } from '../export.ts';
import type { HttpBatch } from './http-sink.ts';
import type { ForwardEntry } from './sink.ts';

/** The headers name the entries, so that a receiver can drop what it had already. */
export function webhookBatch(
  entries: readonly ForwardEntry[],
  { format, line, origin }: { format: ExportFormat; line: (entry: ForwardEntry) => string; origin: string },
): HttpBatch {
  const lines = entries.map(line);
  const batched = format === 'cloudevents';
  return {
    body: batched ? `[${lines.join(',')}]` : `${lines.join('\n')}\n`,
    headers: {
      'content-type': batched ? 'application/cloudevents-batch+json; charset=utf-8' : 'application/x-ndjson',
      'locktender-log': origin,
      'locktender-first': String(entries[0]?.seq ?? 0),
      'locktender-count': String(entries.length),
    },
  };
}
