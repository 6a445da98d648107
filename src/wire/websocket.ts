/**
 * WebSocket framing (RFC 6455 section 5): bytes to whole messages and back. No extension is known here: the gate takes
 * them out of the handshake, so a reserved bit is an error.
 */

import { GrowingBytes } from '../core/growing-bytes.ts';

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface Message {
  readonly opcode: number;
  /** Unmasked; of all fragments. */
  readonly payload: Buffer;
}

/** Close codes of RFC 6455 section 7.4.1. */
export type CloseCode = 1002 | 1008 | 1009;

/** The stream is not what RFC 6455 allows, or is larger than is held; it cannot go on. */
export class WebSocketFault extends Error {
  readonly code: CloseCode;
  constructor(code: CloseCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface MessageLimits {
  /** Bytes of one message, all its fragments together. */
  readonly bytes: number;
  readonly fragments: number;
}

const LIMITS: MessageLimits = { bytes: 4 * 1024 * 1024, fragments: 4096 };
const LONGEST_CONTROL = 125;

interface Head {
  readonly fin: boolean;
  readonly opcode: number;
  readonly mask: Buffer | null;
  readonly length: number;
  /** Bytes of the head itself. */
  readonly size: number;
}

/** Reads one direction. `masked`: from a client, whose every frame must be (section 5.1); from a server none may be. */
export class MessageReader {
  readonly #masked: boolean;
  readonly #limits: MessageLimits;
  readonly #held = new GrowingBytes();
  /** Bytes of the frame that is under way, its head included; infinite while that is not known. */
  #awaited = Number.POSITIVE_INFINITY;
  #parts: Buffer[] = [];
  #opcode = 0;
  #size = 0;

  constructor(masked: boolean, limits: MessageLimits = LIMITS) {
    this.#masked = masked;
    this.#limits = limits;
  }

  /**
   * Messages and control frames that are whole by now, in order; each is read when it is asked for, and what nobody asked
   * for comes with the next piece. Throws a `WebSocketFault` when it comes to one.
   */
  push(chunk: Uint8Array): Iterable<Message> {
    this.#held.append(chunk, this.#awaited);
    return this.#whole();
  }

  *#whole(): Generator<Message, void> {
    for (;;) {
      const held = this.#held.bytes;
      const head = this.#head(held);
      this.#awaited = head === null ? Number.POSITIVE_INFINITY : head.size + head.length;
      if (head === null || held.length < this.#awaited) return;
      const payload = unmasked(held.subarray(head.size, this.#awaited), head.mask);
      this.#held.drop(this.#awaited);
      const message = this.#frame(head, payload);
      if (message !== null) yield message;
    }
  }

  #head(held: Buffer): Head | null {
    const head = readHead(held);
    if (head === null) return null;
    if ((head.mask !== null) !== this.#masked) throw new WebSocketFault(1002, 'a frame is masked as it must not be');
    if (head.opcode >= 8) {
      if (!head.fin || head.length > LONGEST_CONTROL) throw new WebSocketFault(1002, 'a control frame is too long');
    } else if (this.#size + head.length > this.#limits.bytes) {
      throw new WebSocketFault(1009, `a message is larger than ${this.#limits.bytes} bytes`);
    }
    return head;
  }

  #frame({ fin, opcode }: Head, payload: Buffer): Message | null {
    if (opcode >= 8) return { opcode, payload };
    const begun = this.#parts.length > 0;
    if ((opcode === OPCODES.continuation) !== begun) throw new WebSocketFault(1002, 'fragments are out of order');
    if (!begun) this.#opcode = opcode;
    this.#parts.push(payload);
    this.#size += payload.length;
    if (this.#parts.length > this.#limits.fragments) throw new WebSocketFault(1009, 'a message has too many fragments');
    if (!fin) return null;
    const whole = this.#parts.length === 1 ? payload : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    return { opcode: this.#opcode, payload: whole };
  }
}

/** Null while the head is not whole. */
function readHead(bytes: Buffer): Head | null {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return null;
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) throw new WebSocketFault(1002, 'a reserved bit is set; no extension was agreed');
  if (!KNOWN.has(opcode)) throw new WebSocketFault(1002, `opcode ${opcode} is not known`);
  const lengthBytes = LENGTH_BYTES[second & 0x7f] ?? 0;
  const masked = (second & 0x80) !== 0;
  const size = 2 + lengthBytes + (masked ? 4 : 0);
  if (bytes.length < size) return null;
  const length = readLength(bytes, second & 0x7f);
  return { fin: (first & 0x80) !== 0, opcode, mask: masked ? bytes.subarray(size - 4, size) : null, length, size };
}

const KNOWN: ReadonlySet<number> = new Set(Object.values(OPCODES));
/** By the seven bits of the head: these two say that the length follows. */
const LENGTH_BYTES: Readonly<Record<number, number>> = { 126: 2, 127: 8 };

/** Section 5.2: the shortest form only. Two readers could otherwise differ in what they take for the same frame. */
function readLength(bytes: Buffer, short: number): number {
  if (short < 126) return short;
  const length = short === 126 ? bytes.readUInt16BE(2) : longLength(bytes);
  if (length < (short === 126 ? 126 : 65_536)) throw new WebSocketFault(1002, 'a length is not in its shortest form');
  return length;
}

function longLength(bytes: Buffer): number {
  const length = bytes.readBigUInt64BE(2);
  if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw new WebSocketFault(1009, 'a frame is larger than can be');
  return Number(length);
}

function unmasked(payload: Buffer, mask: Buffer | null): Buffer {
  const out = Buffer.from(payload);
  if (mask !== null) applyMask(out, mask);
  return out;
}

function applyMask(bytes: Buffer, mask: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = (bytes[i] ?? 0) ^ (mask[i & 3] ?? 0);
}

/** One unfragmented frame. `mask` of four bytes where a client sends, null where a server does. */
export function encodeFrame({ opcode, payload }: Message, mask: Uint8Array | null): Buffer {
  const short = payload.length < 126 ? payload.length : payload.length < 65_536 ? 126 : 127;
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
  const size = 2 + lengthBytes + (mask === null ? 0 : 4);
  const out = Buffer.allocUnsafe(size + payload.length);
  out[0] = 0x80 | opcode;
  out[1] = (mask === null ? 0 : 0x80) | short;
  if (lengthBytes === 2) out.writeUInt16BE(payload.length, 2);
  if (lengthBytes === 8) out.writeBigUInt64BE(BigInt(payload.length), 2);
  out.set(payload, size);
  if (mask !== null) {
    out.set(mask, size - 4);
    applyMask(out.subarray(size), mask);
  }
  return out;
}

/** Section 5.5.1. The reason is cut to fit. */
export function closeFrame(code: CloseCode, reason: string, mask: Uint8Array | null): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason).subarray(0, 120)]);
  return encodeFrame({ opcode: OPCODES.close, payload }, mask);
}
