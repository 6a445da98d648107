/** A second reader of chunked bodies, by the grammar of RFC 9112 section 7.1 alone: what it does not take is no body. */

export type Chunked = { readonly body: Buffer; readonly length: number } | 'more' | 'bad';

const SIZE = /^([0-9a-f]{1,15}|0{1,40}[0-9a-f]{1,15})((?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?)$/i;
const FIELD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/;

/** Lines of the framing, and the bytes between them. */
class Lines {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Null: cut. */
  next(): string | null {
    const end = this.#bytes.indexOf('\r\n', this.at, 'latin1');
    if (end < 0) return null;
    const text = this.#bytes.toString('latin1', this.at, end);
    this.at = end + 2;
    return text;
  }

  /** Data and its line end. */
  data(length: number): Buffer | 'more' | 'bad' {
    const end = this.at + length;
    if (end + 2 > this.#bytes.length) return 'more';
    if (this.#bytes.toString('latin1', end, end + 2) !== '\r\n') return 'bad';
    const data = this.#bytes.subarray(this.at, end);
    this.at = end + 2;
    return data;
  }
}

export function readChunks(bytes: Buffer): Chunked {
  const lines = new Lines(bytes);
  const parts: Buffer[] = [];
  for (let length = sizeOf(lines.next()); length !== 0; length = sizeOf(lines.next())) {
    const data = typeof length === 'string' ? length : lines.data(length);
    if (typeof data === 'string') return data;
    parts.push(data);
  }
  for (let text = lines.next(); text !== ''; text = lines.next()) {
    if (text === null) return 'more';
    if (!FIELD.test(text)) return 'bad';
  }
  return { body: Buffer.concat(parts), length: lines.at };
}

function sizeOf(line: string | null): number | 'more' | 'bad' {
  if (line === null) return 'more';
  const size = SIZE.exec(line);
  return size ? Number.parseInt(size[1] ?? '', 16) : 'bad';
}
