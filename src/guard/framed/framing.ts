/** Formats whose parts say how long they are: what is in them is told as lines of text, and written again from such lines. */

/** The bytes are not what the format allows, or more than is held for one part of it. */
export class Unreadable extends Error {}

/** One part of a body, as the scan reads it. */
export interface Told {
  /** Whole lines. */
  readonly text: Buffer;
  /** Line ends in it. */
  readonly lines: number;
  /** The part with `text` in place of what was told, which has as many lines; null where it cannot be written. */
  written(text: Buffer): Buffer | null;
}

export interface FramingOptions {
  /** Bytes held for one part. */
  readonly most: number;
  /** It goes out of the sandbox. */
  readonly isLeaving: boolean;
}

/** Reads one body. */
export interface Framing {
  /** Parts that are whole by now. Throws `Unreadable`. */
  push(chunk: Uint8Array): Iterable<Told>;
  /** What is left at the end of the body. Throws `Unreadable`. */
  end(): Iterable<Told>;
  /** Bytes that came and belong to no part that was told. */
  rest(): Buffer;
}
