/** Writers of binary formats for tests of what is read of them: as their specifications say, and no more than tests need. */

export type Plain =
  | string
  | Uint8Array
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [key: string]: Plain };

function varint(value: number): Buffer {
  return value < 0x80
    ? Buffer.of(value)
    : Buffer.concat([Buffer.of((value % 128) | 0x80), varint(Math.floor(value / 128))]);
}

/** A field of protobuf: text, bytes, or a number as a varint. */
export function field(number: number, value: string | Uint8Array | number): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** A message of gRPC. */
export function grpcMessage(message: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export function grpcMessages(body: Buffer): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    if (end > body.length) throw new Error('a message is not whole');
    out.push(body.subarray(at + 5, end));
    at = end;
  }
  return out;
}

/** A head of CBOR: its kind and a number. */
function cborHead(kind: number, value: number): Buffer {
  if (value < 24) return Buffer.of((kind << 5) | value);
  if (value < 256) return Buffer.of((kind << 5) | 24, value);
  if (value < 65_536) return Buffer.of((kind << 5) | 25, value >> 8, value & 255);
  const out = Buffer.of((kind << 5) | 26, 0, 0, 0, 0);
  out.writeUInt32BE(value, 1);
  return out;
}

export function cbor(value: Plain): Buffer {
  if (value === null || typeof value === 'boolean') return Buffer.of(value === null ? 0xf6 : value ? 0xf5 : 0xf4);
  if (typeof value === 'number') return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value);
  if (typeof value === 'string') return Buffer.concat([cborHead(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([cborHead(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([cborHead(4, value.length), ...value.map(cbor)]);
  const pairs = Object.entries(value);
  return Buffer.concat([
    cborHead(5, pairs.length),
    ...pairs.flatMap(([key, inner]) => [cbor(key), cbor(inner as Plain)]),
  ]);
}

/** Longer than 15 of the short forms: the long ones, by the first byte of the smallest. */
function packHead(first: number, sizes: readonly number[], value: number): Buffer {
  const i = value < 256 && sizes.includes(1) ? 0 : value < 65_536 ? sizes.indexOf(2) : sizes.indexOf(4);
  const out = Buffer.alloc(1 + (sizes[i] as number));
  out[0] = first + i;
  out.writeUIntBE(value, 1, sizes[i] as number);
  return out;
}

const packBytes = (first: number, bytes: Uint8Array) =>
  Buffer.concat([packHead(first, [1, 2, 4], bytes.length), bytes]);

function packText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return bytes.length < 32 ? Buffer.concat([Buffer.of(0xa0 | bytes.length), bytes]) : packBytes(0xd9, bytes);
}

/** The head of a list or a map. */
const packCount = (short: number, first: number, count: number) =>
  count < 16 ? Buffer.of(short | count) : packHead(first, [2, 4], count);

function packNumber(value: number): Buffer {
  if (value < 0) return Buffer.of(0x100 + value);
  return value < 128 ? Buffer.of(value) : packHead(0xcc, [1, 2, 4], value);
}

export function messagePack(value: Plain): Buffer {
  if (value === null || typeof value === 'boolean') return Buffer.of(value === null ? 0xc0 : value ? 0xc3 : 0xc2);
  if (typeof value === 'number') return packNumber(value);
  if (typeof value === 'string') return packText(value);
  if (value instanceof Uint8Array) return packBytes(0xc4, value);
  if (Array.isArray(value)) return Buffer.concat([packCount(0x90, 0xdc, value.length), ...value.map(messagePack)]);
  const pairs = Object.entries(value);
  const items = pairs.flatMap(([key, inner]) => [messagePack(key), messagePack(inner as Plain)]);
  return Buffer.concat([packCount(0x80, 0xde, pairs.length), ...items]);
}
