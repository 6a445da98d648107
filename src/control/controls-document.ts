/** Controls on disk: checked when they are read, so that a damaged or edited file is named instead of obeyed. */

import { z } from 'zod';
import { CONTROL_RECORDS, type Controls } from '../core/controls.ts';
import type { EventBody } from '../core/event.ts';
import type { ControlChange } from '../policy/controls/control-undo.ts';
import type { Documents } from '../store/documents.ts';

/** The controls file says something that no appliance wrote. */
export class ControlsDamaged extends Error {
  readonly code = 'CONTROLS_DAMAGED';
}

export interface StoredControls {
  readonly controls: Controls;
  /** The latest changes by people, oldest first. */
  readonly history: readonly ControlChange[];
  /** Events of changes that are not known to be in the log, oldest first. */
  readonly unrecorded: readonly EventBody[];
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
const patch = z.strictObject({
  marks: z.array(z.strictObject({ in: z.enum(CONTROL_RECORDS), name: z.string(), mark: mark.nullable() })),
  overrides: z.strictObject({ removed: z.array(override), added: z.array(override) }),
});
const entry = mark.extend({
  action: z.looseObject({ do: z.string() }),
  approvedBy: z.string().nullable(),
  pending: z.string().nullable(),
  did: patch,
  back: patch,
});
// Written by us and re-recorded as it is; the log checks its size.
const event = z.looseObject({ type: z.literal('control.changed'), id: z.string() });

/** The state of all controls, on disk and on its way to a member of a fleet. */
export const controlsSchema = z.strictObject({
  version: z.int().min(0),
  blockedCategories: marks,
  unblockedCategories: marks,
  revokedCapabilities: marks,
  quarantinedTenants: marks,
  killedTasks: marks,
  revokedPasses: marks,
  hostOverrides: z.array(override),
});

const stored = z.strictObject({
  format: z.literal(1),
  controls: controlsSchema,
  // Absent in what older versions wrote.
  history: z.array(entry).default([]),
  // One as older versions write it and read it; more than one only while the log cannot be written.
  unrecorded: z.union([event, z.array(event)]).nullable(),
});

/** Null when there are none yet. Throws `ControlsDamaged`: controls that cannot be read are never taken as none. */
export function readControls(documents: Documents): StoredControls | null {
  const value = documents.read(DOCUMENT);
  if (value === null) return null;
  const parsed = stored.safeParse(value);
  if (parsed.success) {
    const { controls, history, unrecorded } = parsed.data;
    return {
      controls,
      history: history as unknown as readonly ControlChange[],
      unrecorded: (unrecorded === null ? [] : [unrecorded].flat()) as unknown as readonly EventBody[],
    };
  }
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new ControlsDamaged(
    `the stored controls are not valid at \`${where}\`; restore \`documents/${DOCUMENT}.json\` from a backup`,
  );
}

/** Resolves when they would survive a power cut. */
export function writeControls(documents: Documents, { unrecorded, ...state }: StoredControls): Promise<void> {
  const [only = null, ...more] = unrecorded;
  return documents.write(DOCUMENT, { format: 1, ...state, unrecorded: more.length > 0 ? unrecorded : only });
}
