import type { HeaderList } from './exchange.ts';
import { field } from './fields.ts';

/** The media type of a message, lower case, without parameters; empty when it names none. */
export function mediaType(headers: HeaderList): string {
  return (field(headers, 'content-type').split(';')[0] ?? '').trim().toLowerCase();
}
