/**
 * Bodies of HTTP/1.1 messages (RFC 9112 sections 6 and 7), read strictly and piece by piece. Sans-io: a reader is given
 * bytes as they come, hands on the pieces that are data, and says how many it took; what follows a body is never touched.
 * Refused are sizes that are not plain hexadecimal, line ends that are not CRLF, control bytes, and trailers that are no
 * fields (T-23).
 */

import { GrowingBytes } from '../core/growing-bytes.ts';
import { type BodyFraming, type HeaderField, readField } from './http-head.ts';

export type BodyProblem = 'bad_chunk' | 'bad_trailer' | 'trailers_too_large';

/** `close`: a response that ends with its connection. */
export type Framing = BodyFraming | { readonly kind: 'close' };

export interface BodyReader {
  /** Takes what belongs to the body; the number of bytes taken, or what is wrong with them. */
  read(bytes: Uint8Array, data: (piece: Uint8Array) => void): number | BodyProblem;
  readonly done: boolean;
  /** Fields behind the last chunk, in order. */
  readonly trailers: readonly HeaderField[];
}

export function bodyReader(framing: Framing): BodyReader {
  switch (framing.kind) {
    case 'chunked':
      return new ChunkReader();
    case 'length':
      return new LengthReader(framing.length);
    case 'none':
      return new LengthReader(0);
    case 'close':
      return new LengthReader(Number.POSITIVE_INFINITY);
  }
}

const NO_FIELDS: readonly HeaderField[] = [];

class LengthReader implements BodyReader {
  readonly trailers = NO_FIELDS;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  read(bytes: Uint8Array, data: (piece: Uint8Array) => void): number {
    const taken = Math.min(this.#left, bytes.length);
    if (taken === 0) return 0;
    this.#left -= taken;
    data(taken === bytes.length ? bytes : bytes.subarray(0, taken));
    return taken;
  }
}

const LF = 10;
/**
 * Shorter chunks that came together are handed on as one piece: each piece costs those behind this reader more than its bytes,
 * and would keep all that it came with (T-45).
 */
const SMALL_PIECE = 512;
/** Longest line of a size with its extensions. */
const MAX_SIZE_LINE = 256;
const MAX_TRAILER_BYTES = 8_192;

/** Hexadecimal without sign, prefix or blank; extensions (RFC 9112 section 7.1.1) are read and dropped. */
const SIZE = /^([0-9a-f]{1,13})(?:;[!#$%&'*+.^_`|~0-9a-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9a-z-]+|"[\t !#-[\]-~]*"))?)*$/i;

type State = 'size' | 'data' | 'data_end' | 'trailer' | 'done';

class ChunkReader implements BodyReader {
  readonly trailers: HeaderField[] = [];
  #state: State = 'size';
  #line = '';
  #left = 0;
  #trailerBytes = 0;

  get done(): boolean {
    return this.#state === 'done';
  }

  read(bytes: Uint8Array, data: (piece: Uint8Array) => void): number | BodyProblem {
    const small = new GrowingBytes();
    const gather = (piece: Uint8Array): void => {
      if (piece.length < SMALL_PIECE) {
        small.copy(piece, bytes.length);
        return;
      }
      if (small.length > 0) data(small.release());
      data(piece);
    };
    const taken = this.#read(bytes, gather);
    if (small.length > 0) data(small.release());
    return taken;
  }

  #read(bytes: Uint8Array, data: (piece: Uint8Array) => void): number | BodyProblem {
    let at = 0;
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state === 'data') at += this.#data(bytes, at, data);
      else {
        const end = bytes.indexOf(LF, at);
        const stop = end < 0 ? bytes.length : end + 1;
        const problem = this.#piece(bytes, at, { stop, whole: end >= 0 });
        if (problem !== null) return problem;
        at = stop;
      }
    }
    return at;
  }

  #data(bytes: Uint8Array, at: number, data: (piece: Uint8Array) => void): number {
    const taken = Math.min(this.#left, bytes.length - at);
    this.#left -= taken;
    if (this.#left === 0) this.#state = 'data_end';
    data(bytes.subarray(at, at + taken));
    return taken;
  }

  /** Part of a line, its end when `whole`. */
  #piece(bytes: Uint8Array, at: number, { stop, whole }: { stop: number; whole: boolean }): BodyProblem | null {
    const limit = this.#state === 'trailer' ? MAX_TRAILER_BYTES : MAX_SIZE_LINE;
    const tooLong = this.#state === 'trailer' ? 'trailers_too_large' : 'bad_chunk';
    if (this.#line.length + (stop - at) > limit) return tooLong;
    for (let i = at; i < stop; i += 1) this.#line += String.fromCharCode(bytes[i] as number);
    if (!whole) return null;
    const line = this.#line;
    this.#line = '';
    if (!line.endsWith('\r\n')) return this.#state === 'trailer' ? 'bad_trailer' : 'bad_chunk';
    return this.#whole(line.slice(0, -2));
  }

  #whole(line: string): BodyProblem | null {
    if (this.#state === 'size') return this.#size(line);
    if (this.#state === 'trailer') return this.#trailer(line);
    if (line !== '') return 'bad_chunk';
    this.#state = 'size';
    return null;
  }

  #size(line: string): BodyProblem | null {
    const digits = SIZE.exec(line)?.[1];
    if (digits === undefined) return 'bad_chunk';
    this.#left = Number.parseInt(digits, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'data';
    return null;
  }

  #trailer(line: string): BodyProblem | null {
    if (line === '') {
      this.#state = 'done';
      return null;
    }
    this.#trailerBytes += line.length + 2;
    if (this.#trailerBytes > MAX_TRAILER_BYTES) return 'trailers_too_large';
    const field = readField(line);
    if (typeof field === 'string' || CONTROL.test(line)) return 'bad_trailer';
    this.trailers.push(field);
    return null;
  }
}

/** What no field line may hold; heads are checked byte by byte before they are lines. */
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;
