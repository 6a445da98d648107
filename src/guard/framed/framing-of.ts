/** Which bodies are told in parts, by their media type. */

import type { GuardContext } from '../guard-context.ts';
import { eventStreamFraming } from './event-stream-framing.ts';
import type { Framing } from './framing.ts';

/** Null for a body that is looked at as it is. `most`: bytes held for one part. */
export function framingOf({ contentType }: GuardContext, most: number): Framing | null {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  return type === 'application/vnd.amazon.eventstream' ? eventStreamFraming(most) : null;
}
