/** An entry of the record, as streams have it. */

/** What streams look at in an event; what is sent is its text. */
export interface SeenEvent {
  readonly type: string;
  readonly tenant: string | null;
  readonly effect?: string;
}

export interface RecordedEntry {
  readonly seq: number;
  /** Canonical JSON of the event. */
  readonly text: string;
  readonly event: SeenEvent;
}
