/**
 * Frames between the supervisor and an isolate host, over one inherited descriptor.
 *
 *     u32 length of the rest | u8 kind | u32 slot | u32 call | u32 length of the JSON text | JSON text | bytes
 *
 * All numbers big-endian. The same reader serves both ends; the supervisor's end reads what a hostile host may write,
 * so every length is checked before it is believed, and nothing is kept beyond `MAX_FRAME`.
 */

/** Towards the host: 1–15. Towards the supervisor: 16–31. */
export const FRAME = {
  setup: 1,
  run: 2,
  reply: 3,
  end: 4,
  /** Whoever waited for the last result has it: now the host may make ready for the next task. */
  answered: 5,
  hello: 16,
  started: 17,
  call: 18,
  log: 19,
  done: 20,
  /** The isolate is destroyed: the host still listens. */
  ended: 21,
} as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  readonly kind: FrameKind;
  /** Which isolate; 0 when the host itself is meant. */
  readonly slot: number;
  /** Pairs a call with its reply; 0 when there is none. */
  readonly call: number;
  /** JSON text; empty when none. */
  readonly json: string;
  readonly bytes: Uint8Array;
}

/** Bytes of one frame, its length field left out. */
export const MAX_FRAME = 32 * 1024 * 1024;
const HEAD = 13;
/** Pieces that are not put together before a frame is whole. */
const SMALL = 16 * 1024;
const NO_BYTES = new Uint8Array(0);
const KINDS: ReadonlySet<number> = new Set(Object.values(FRAME));

/** Throws a `RangeError` when the frame would be larger than `MAX_FRAME`. */
export function encodeFrame(frame: {
  readonly kind: FrameKind;
  readonly slot: number;
  readonly call?: number;
  readonly json?: string;
  readonly bytes?: Uint8Array;
}): Buffer {
  const json = Buffer.from(frame.json ?? '', 'utf8');
  const bytes = frame.bytes ?? NO_BYTES;
  const length = HEAD + json.length + bytes.length;
  if (length > MAX_FRAME) throw new RangeError('frame larger than the limit');
  const out = Buffer.allocUnsafe(4 + length);
  out.writeUInt32BE(length, 0);
  out.writeUInt8(frame.kind, 4);
  out.writeUInt32BE(frame.slot, 5);
  out.writeUInt32BE(frame.call ?? 0, 9);
  out.writeUInt32BE(json.length, 13);
  json.copy(out, 17);
  out.set(bytes, 17 + json.length);
  return out;
}

/** Cuts a byte stream into frames. `push` throws a `RangeError` on anything that is no frame; then the peer is lost. */
export class FrameReader {
  #held: Buffer[] = [];
  #size = 0;

  push(chunk: Buffer): Frame[] {
    this.#hold(chunk);
    const out: Frame[] = [];
    for (;;) {
      const frame = this.#next();
      if (frame === null) return out;
      out.push(frame);
    }
  }

  /**
   * Small pieces are put together as they become equals, so that a frame in single bytes is no list of millions (T-61), and no
   * byte is moved for each that follows (T-45).
   */
  #hold(chunk: Buffer): void {
    const held = this.#held;
    held.push(chunk);
    this.#size += chunk.length;
    for (let [before, last] = held.slice(-2); before && last; [before, last] = held.slice(-2)) {
      if (last.length > SMALL || before.length > last.length) return;
      held.splice(-2, 2, Buffer.concat([before, last]));
    }
  }

  #next(): Frame | null {
    if (this.#size < 4) return null;
    const length = this.#peekLength();
    if (length < HEAD || length > MAX_FRAME) throw new RangeError('frame length out of bounds');
    if (this.#size < 4 + length) return null;
    const all = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
    const rest = all.subarray(4 + length);
    this.#held = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    return parse(all.subarray(4, 4 + length));
  }

  #peekLength(): number {
    if ((this.#held[0] as Buffer).length < 4) this.#held = [Buffer.concat(this.#held)];
    return (this.#held[0] as Buffer).readUInt32BE(0);
  }
}

function parse(body: Buffer): Frame {
  const kind = body.readUInt8(0);
  const jsonLength = body.readUInt32BE(9);
  if (!KINDS.has(kind)) throw new RangeError('frame of unknown kind');
  if (jsonLength > body.length - HEAD) throw new RangeError('frame whose text is longer than the frame');
  const end = HEAD + jsonLength;
  return {
    kind: kind as FrameKind,
    slot: body.readUInt32BE(1),
    call: body.readUInt32BE(5),
    json: body.toString('utf8', HEAD, end),
    bytes: body.subarray(end),
  };
}
