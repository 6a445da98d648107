/** Where a sink stands: the next entry that it has not acknowledged. One small document a sink, replaced durably. */

import type { Documents } from '../../store/documents.ts';

export interface Cursor {
  /** Sequence of the next entry to send. */
  readonly next: number;
  /** Id of the entry before it, null when there is none: a log in which that entry is another is another log. */
  readonly last: string | null;
}

export class CursorKeeper {
  readonly name: string;
  readonly #documents: Documents;

  constructor(documents: Documents, sink: string) {
    this.name = `forward-${sink}`;
    this.#documents = documents;
  }

  /** Null when the sink has acknowledged nothing yet. Throws when what is there is no cursor. */
  read(): Cursor | null {
    const kept = this.#documents.read(this.name) as Partial<Cursor> | null;
    if (kept === null) return null;
    const { next, last } = kept;
    if (typeof next !== 'number' || !Number.isSafeInteger(next) || next < 0) throw new Error('not a cursor');
    return { next, last: typeof last === 'string' ? last : null };
  }

  write(cursor: Cursor): Promise<void> {
    return this.#documents.write(this.name, cursor);
  }
}
