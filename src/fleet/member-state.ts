/** What a member keeps over restarts: whose orders it follows, and how far it has come, so that it never goes back. */

import { z } from 'zod';
import type { Documents } from '../store/documents.ts';

const DOCUMENT = 'fleet-member';
const archive = z.strictObject({ digest: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().min(0) });
const stored = z.strictObject({
  fleet: z.string(),
  epoch: z.string().nullable(),
  /** Orders below this are refused. */
  sequence: z.int().min(0),
  /** Version of the hub's controls that is in force here. */
  hub_version: z.int().min(0),
  /** Files that are in force here; null: those that this node came with. */
  files: z.strictObject({ edited: archive, imports: archive.nullable() }).nullable(),
  /** An epoch that an operator agreed to follow next. */
  agreed: z.string().nullable(),
  /** The hub was behind its own orders once: nothing of this epoch is followed any more. */
  went_back: z.boolean().default(false),
});
export type MemberPosition = z.output<typeof stored>;
export type FollowedFiles = NonNullable<MemberPosition['files']>;

/** The position of nobody who ever followed this fleet. Throws when what is kept is not valid. */
export function readPosition(documents: Documents, fleet: string): MemberPosition {
  const value = documents.read(DOCUMENT);
  const none = { fleet, epoch: null, sequence: 0, hub_version: 0, files: null, agreed: null, went_back: false };
  if (value === null) return none;
  const parsed = stored.safeParse(value);
  if (!parsed.success) throw new Error(`\`documents/${DOCUMENT}.json\` is not valid; restore it from a backup`);
  if (parsed.data.fleet !== fleet)
    throw new Error(
      `this state followed the fleet \`${parsed.data.fleet}\`; choose another --state for \`${fleet}\`, or remove \`documents/${DOCUMENT}.json\``,
    );
  return parsed.data;
}

export function writePosition(documents: Documents, position: MemberPosition): Promise<void> {
  return documents.write(DOCUMENT, position);
}
