/** The client's side of an HTTP exchange, the same for HTTP/1.1, HTTP/2 and an isolate's fetch. */

export type FieldList = readonly (readonly [string, string])[];

/** No field of an origin has this name. */
export const PHRASE = ':reason';

export interface Reply {
  /** True once the response head is out. */
  readonly begun: boolean;
  /** True when the client left before the end. */
  readonly gone: boolean;
  /** Bytes that were handed over and are not out; infinite where that cannot be known. */
  readonly queued: number;
  /** Takes the origin's reason phrase, as a field named `PHRASE`, through everything that fields go through. */
  readonly takesPhrase?: boolean;
  head(status: number, fields: FieldList): void;
  /** False asks to wait for `onDrain`. */
  write(chunk: Uint8Array): boolean;
  onDrain(resume: () => void): void;
  onGone(gone: () => void): void;
  end(trailers: FieldList): void;
  /** Breaks the exchange so that the client sees that it is not whole. */
  destroy(): void;
}
