/**
 * What a node sends of its log: entries, the signed checkpoint that they stand under, and the proof that leads from the last of
 * them to it (RFC 6962 section 2.1.2). Each shipment can so be checked by itself, against the tree that the reader has so far.
 *
 *   magic "LTS1" | kind u8 | first u64 | note length u16 | hashes of the proof u8 | note | proof | body
 *
 * The body is an entry bundle, or, for what retention has taken from the node, hashes of leaves or of full bundles.
 */

import { err, ok, type Result } from '../../core/result.ts';
import { decodeBundle, encodeBundle } from '../entry-bundle.ts';
import { HASH_BYTES } from '../merkle.ts';
import { TILE_WIDTH } from '../tile-path.ts';

export type ShipmentBody =
  | { readonly kind: 'entries'; readonly entries: readonly Buffer[] }
  /** `leaves`: hashes of single entries, to the end of their bundle. `bundles`: roots of 256 entries each. */
  | { readonly kind: 'leaves' | 'bundles'; readonly hashes: readonly Buffer[] };

export interface Shipment {
  /** Sequence of the first entry. */
  readonly first: number;
  readonly body: ShipmentBody;
  /** Signed note of a checkpoint that covers at least what is shipped. */
  readonly note: string;
  /** From the tree that ends with this shipment to that of the checkpoint; empty where they are the same. */
  readonly proof: readonly Buffer[];
}

/** Largest shipment that is taken. */
export const MAX_SHIPMENT_BYTES = 8 * 1024 * 1024;

const MAGIC = Buffer.from('LTS1');
const HEAD = 16;
const KINDS = ['entries', 'leaves', 'bundles'] as const;
/** A tree of 2^53 entries needs no more. */
const MAX_PROOF = 64;

/** Sequence after the last entry. */
export function shipmentEnd({ first, body }: Shipment): number {
  return first + spanOf(body);
}

function spanOf(body: ShipmentBody): number {
  if (body.kind === 'entries') return body.entries.length;
  return body.hashes.length * (body.kind === 'bundles' ? TILE_WIDTH : 1);
}

export function encodeShipment({ first, body, note, proof }: Shipment): Buffer {
  const signed = Buffer.from(note);
  const head = Buffer.alloc(HEAD);
  head.set(MAGIC, 0);
  head.writeUInt8(KINDS.indexOf(body.kind), 4);
  head.writeBigUInt64BE(BigInt(first), 5);
  head.writeUInt16BE(signed.length, 13);
  head.writeUInt8(proof.length, 15);
  const rest = body.kind === 'entries' ? [encodeBundle(body.entries)] : body.hashes;
  return Buffer.concat([head, signed, ...proof, ...rest]);
}

/** Views into `bytes`. The error says what is wrong with them. */
export function decodeShipment(of: Uint8Array): Result<Shipment, string> {
  const bytes = Buffer.from(of.buffer, of.byteOffset, of.byteLength);
  if (bytes.length > MAX_SHIPMENT_BYTES) return err('it is too large');
  if (bytes.length < HEAD || !bytes.subarray(0, 4).equals(MAGIC)) return err('it is no shipment of a log');
  const kind = KINDS[bytes.readUInt8(4)];
  const first = Number(bytes.readBigUInt64BE(5));
  const proofAt = HEAD + bytes.readUInt16BE(13);
  const hashes = bytes.readUInt8(15);
  const bodyAt = proofAt + hashes * HASH_BYTES;
  if (kind === undefined || hashes > MAX_PROOF || bodyAt >= bytes.length) return err('its head is malformed');
  const body = decodeBody(kind, bytes.subarray(bodyAt));
  if (body === null) return err('its entries are malformed');
  if (!Number.isSafeInteger(first + spanOf(body))) return err('its sequence is malformed');
  const note = bytes.toString('utf8', HEAD, proofAt);
  return ok({ first, body, note, proof: hashesOf(bytes.subarray(proofAt, bodyAt)) });
}

function decodeBody(kind: (typeof KINDS)[number], bytes: Buffer): ShipmentBody | null {
  if (kind !== 'entries') {
    return bytes.length % HASH_BYTES === 0 ? { kind, hashes: hashesOf(bytes) } : null;
  }
  const entries = decodeBundle(bytes);
  return entries === null ? null : { kind, entries };
}

function hashesOf(bytes: Buffer): Buffer[] {
  const hashes: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += HASH_BYTES) hashes.push(bytes.subarray(at, at + HASH_BYTES));
  return hashes;
}
