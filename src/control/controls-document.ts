/** Controls on disk: checked when they are read, so that a damaged or edited file is named instead of obeyed. */

import { z } from 'zod';
import type { Controls } from '../core/controls.ts';
import type { EventBody } from '../core/event.ts';
import type { Documents } from '../store/documents.ts';

/** The controls file says something that no appliance wrote. */
export class ControlsDamaged extends Error {
  readonly code = 'CONTROLS_DAMAGED';
}

export interface StoredControls {
  readonly controls: Controls;
  /** The event of the last change, until it is known to be in the log. */
  readonly unrecorded: EventBody | null;
}

const DOCUMENT = 'controls';
const mark = z.strictObject({
  by: z.string(),
  why: z.string(),
  at: z.int(),
  until: z.int().nullable(),
  change: z.string(),
});
const marks = z.record(z.string(), mark);
const override = mark.extend({ effect: z.enum(['allow', 'deny']), host: z.string(), tenant: z.string().nullable() });
const stored = z.strictObject({
  format: z.literal(1),
  controls: z.strictObject({
    version: z.int().min(0),
    blockedCategories: marks,
    unblockedCategories: marks,
    revokedCapabilities: marks,
    quarantinedTenants: marks,
    killedTasks: marks,
    revokedPasses: marks,
    hostOverrides: z.array(override),
  }),
  // Written by us and re-recorded as it is; the log checks its size.
  unrecorded: z.looseObject({ type: z.literal('control.changed'), id: z.string() }).nullable(),
});

/** Null when there are none yet. Throws `ControlsDamaged`: controls that cannot be read are never taken as none. */
export function readControls(documents: Documents): StoredControls | null {
  const value = documents.read(DOCUMENT);
  if (value === null) return null;
  const parsed = stored.safeParse(value);
  if (parsed.success) {
    return { controls: parsed.data.controls, unrecorded: parsed.data.unrecorded as EventBody | null };
  }
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new ControlsDamaged(
    `the stored controls are not valid at \`${where}\`; restore \`documents/${DOCUMENT}.json\` from a backup`,
  );
}

/** Resolves when they would survive a power cut. */
export function writeControls(documents: Documents, state: StoredControls): Promise<void> {
  return documents.write(DOCUMENT, { format: 1, ...state });
}
