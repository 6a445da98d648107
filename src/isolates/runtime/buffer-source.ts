/** Bytes of what Web IDL calls a buffer source: an `ArrayBuffer` or a view of one. */

export function isBufferSource(value: unknown): value is ArrayBuffer | ArrayBufferView {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/** A view of the same bytes; a `TypeError` for anything else. */
export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError('the value is neither an ArrayBuffer nor a view of one');
}

/** A buffer that holds just these bytes, its own. */
export function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}

export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const piece of pieces) size += piece.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

const { apply } = Reflect;
const { fromCharCode } = String;

/** One character a byte: places in the text are places in the bytes. Spread arguments would take five times as long. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) {
    text += apply(fromCharCode, undefined, bytes.subarray(at, at + 4096) as unknown as number[]);
  }
  return text;
}
