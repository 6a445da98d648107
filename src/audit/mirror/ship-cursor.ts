/** How far a node's record was shipped: one small document, replaced durably. */

import type { Documents } from '../../store/documents.ts';

export interface ShipCursor {
  /** Sequence of the next entry to ship. */
  readonly next: number;
  /** Base64 root of the tree of the entries before it: a log in which that is another is another log. Null for none. */
  readonly root: string | null;
  /** What is shipped goes up to a checkpoint of at least so many entries; 0 for any. */
  readonly through: number;
  /** Entries that are safe in the mirror. */
  readonly confirmed: number;
}

const NAME = 'fleet-records';
const NONE: ShipCursor = { next: 0, root: null, through: 0, confirmed: 0 };

export class ShipCursorKeeper {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** From the first entry on where nothing was shipped yet. Throws when what is there is no cursor. */
  read(): ShipCursor {
    const kept = this.#documents.read(NAME) as Partial<ShipCursor> | null;
    if (kept === null) return NONE;
    const { next, root = null, through = 0, confirmed = 0 } = kept;
    for (const count of [next, through, confirmed]) {
      if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
        throw new Error(
          `\`documents/${NAME}.json\` is no cursor; stop, delete it and start to ship all of the log again`,
        );
      }
    }
    return { next: next as number, root, through, confirmed };
  }

  /** Was anything shipped before? */
  get begun(): boolean {
    return this.#documents.read(NAME) !== null;
  }

  write(cursor: ShipCursor): Promise<void> {
    return this.#documents.write(NAME, cursor);
  }
}

/** Sizes at which the mirror of this node's log may stand; none where nothing was shipped. */
export function shippedSizes(documents: Documents): readonly number[] {
  const keeper = new ShipCursorKeeper(documents);
  if (!keeper.begun) return [];
  const { next, confirmed } = keeper.read();
  return [next, confirmed];
}
