/** Changes that wait for a second person: kept durably, so that a restart neither loses nor approves one. */

import { z } from 'zod';
import type { RecordedAction } from '../core/controls.ts';
import type { Documents } from '../store/documents.ts';
import { ControlsDamaged } from './controls-document.ts';

export interface PendingControl {
  /** `p…` */
  readonly id: string;
  readonly action: RecordedAction;
  readonly by: string;
  readonly why: string;
  /** Epoch ms. */
  readonly at: number;
  /** Counted from the approval, not from the asking. */
  readonly forMs: number | null;
  /** Epoch ms after which it can no longer be approved. */
  readonly until: number;
}

/** When a second person is needed. */
export interface TwoPersonRule {
  /** Names of actions (`capability.revoke`); those that name one tenant, task or pass never need one. */
  readonly actions: ReadonlySet<string>;
  /** How long an asked change can be approved. */
  readonly withinMs: number;
}

const DOCUMENT = 'pending-controls';
/** More than this are refused: nobody reviews them. */
export const MOST_PENDING = 100;

const stored = z.strictObject({
  format: z.literal(1),
  pending: z.array(
    z.strictObject({
      id: z.string(),
      action: z.looseObject({ do: z.string() }),
      by: z.string(),
      why: z.string(),
      at: z.int(),
      forMs: z.int().nullable(),
      until: z.int(),
    }),
  ),
});

export class PendingControls {
  readonly #documents: Documents;
  #rows: readonly PendingControl[];

  /** Throws `ControlsDamaged`. */
  constructor(documents: Documents) {
    this.#documents = documents;
    const value = documents.read(DOCUMENT);
    const parsed = value === null ? null : stored.safeParse(value);
    if (parsed && !parsed.success) {
      throw new ControlsDamaged(
        `\`documents/${DOCUMENT}.json\` is not valid; remove it, and ask for what waited again`,
      );
    }
    this.#rows = (parsed?.data.pending ?? []) as unknown as readonly PendingControl[];
  }

  list(): readonly PendingControl[] {
    return this.#rows;
  }

  find(id: string): PendingControl | null {
    return this.#rows.find((row) => row.id === id) ?? null;
  }

  /** Resolves when durable; rejects, and keeps what was, when it cannot be. */
  async add(row: PendingControl): Promise<void> {
    await this.#save([...this.#rows, row]);
  }

  async remove(id: string): Promise<void> {
    await this.#save(this.#rows.filter((row) => row.id !== id));
  }

  async #save(rows: readonly PendingControl[]): Promise<void> {
    await this.#documents.write(DOCUMENT, { format: 1, pending: rows });
    this.#rows = rows;
  }
}
