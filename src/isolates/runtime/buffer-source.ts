/** Bytes of what Web IDL calls a buffer source: an `ArrayBuffer` or a view of one. */

const { apply } = Reflect;
const { fromCharCode } = String;
const { isView } = ArrayBuffer;
const getter = (on: object, name: string) => Object.getOwnPropertyDescriptor(on, name)?.get as (this: unknown) => never;
const slotsOf = (on: object) => ({
  buffer: getter(on, 'buffer'),
  byteOffset: getter(on, 'byteOffset'),
  byteLength: getter(on, 'byteLength'),
});
/** What an object truly is, whatever it says of itself: a subclass may have members of the same names. */
const typed = slotsOf(Object.getPrototypeOf(Uint8Array.prototype) as object);
const data = slotsOf(DataView.prototype);
/** `SharedArrayBuffer`, which a snapshot has not: no tool code is given it, but memory of WebAssembly may be of it. */
export const shareable: { kind: (new () => object) | null } = { kind: null };
const isDetached = getter(ArrayBuffer.prototype, 'detached');

/** Null for what is none; whether its bytes are gone. Memory that is shared is none. */
function bufferState(value: unknown): { readonly detached: boolean } | null {
  if (!(value instanceof ArrayBuffer)) return null;
  try {
    return { detached: apply(isDetached, value, []) };
  } catch {
    return null;
  }
}

export function isBufferSource(value: unknown): value is ArrayBuffer | ArrayBufferView {
  return isView(value) || bufferState(value) !== null;
}

/**
 * A view of the same bytes; a `TypeError` for anything else. What was transferred, or is out of the bounds of its buffer,
 * has none (Web IDL, "get a copy of the bytes").
 * @param shared whether memory that is shared is taken, too
 */
export function bytesOf(value: unknown, shared = false): Uint8Array {
  const slots = isView(value) ? (value instanceof DataView ? data : typed) : null;
  const buffer: unknown = slots ? apply(slots.buffer, value, []) : value;
  const state = bufferState(buffer);
  if (!(state || (shared && shareable.kind !== null && buffer instanceof shareable.kind)))
    throw new TypeError('the value is neither an ArrayBuffer nor a view of one');
  if (state?.detached) return new Uint8Array(0);
  if (!slots) return new Uint8Array(buffer as ArrayBuffer);
  try {
    return new Uint8Array(
      buffer as ArrayBuffer,
      apply(slots.byteOffset, value, []),
      apply(slots.byteLength, value, []),
    );
  } catch {
    return new Uint8Array(0);
  }
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

/** One character a byte: places in the text are places in the bytes. Spread arguments would take five times as long. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) {
    text += apply(fromCharCode, undefined, bytes.subarray(at, at + 4096) as unknown as number[]);
  }
  return text;
}
