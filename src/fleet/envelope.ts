/**
 * What nodes of a fleet say to one another, signed by whoever says it: NATS carries it and is not believed. The signature
 * (Ed25519) is over the kind and the very bytes of the body, so that nothing said as one thing is taken for another.
 */

import { type KeyObject, verify } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { parseVerifierKey, verifierKey } from '../audit/signed-note.ts';
import { err, ok, type Result } from '../core/result.ts';

/** Kinds of message; each is a domain of its own under the signature. */
export type MessageKind = 'order' | 'order-at' | 'ask' | 'grant' | 'receipt' | 'where' | 'mirrored';

/** Signs for one node. */
export interface NodeSigner {
  readonly node: string;
  /** Raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** The public half of a node's key, as others pin it. */
export interface NodeKey {
  readonly node: string;
  readonly key: KeyObject;
}

/** Most that a message unpacks to: an order holds every control, the others little. */
const MAX_ORDER = 32 * 1024 * 1024;
const MAX_OTHER = 1024 * 1024;
const NAME = /^[a-z0-9][a-z0-9.-]{0,62}$/;

const envelope = z.strictObject({
  v: z.literal(1),
  kind: z.string().max(20),
  body: z.string(),
  sig: z.base64().max(200),
});

/** `node+hash+base64`: the key of a node in the form of a C2SP verifier key. */
export function nodeKeyText({ node, publicKey }: Pick<NodeSigner, 'node' | 'publicKey'>): string {
  return verifierKey(node, publicKey);
}

export function parseNodeKey(text: string): Result<NodeKey, string> {
  const parsed = parseVerifierKey(text);
  if (!parsed.ok) return parsed;
  if (!NAME.test(parsed.value.name)) return err(`\`${parsed.value.name}\` is not the name of a node`);
  return parsed.value.type === 'log' ? ok({ node: parsed.value.name, key: parsed.value.key }) : err('it is no node’s');
}

/** The message on its way, compressed: most of an order is names. */
export function seal(kind: MessageKind, body: unknown, signer: NodeSigner): Uint8Array {
  const text = JSON.stringify(body);
  const sig = Buffer.from(signer.sign(signedBytes(kind, text))).toString('base64');
  return zstdCompressSync(Buffer.from(JSON.stringify({ v: 1, kind, body: text, sig })));
}

/** The body, once its signature was found right; the error says what is wrong, in words without any of it. */
export function open<T>(
  bytes: Uint8Array,
  { kind, key, schema }: { readonly kind: MessageKind; readonly key: KeyObject; readonly schema: z.ZodType<T> },
): Result<T, string> {
  const outer = envelope.safeParse(unpacked(bytes, kind === 'order' ? MAX_ORDER : MAX_OTHER));
  if (!outer.success || outer.data.kind !== kind) return err(`it is no ${kind}`);
  const { body, sig } = outer.data;
  if (!verify(null, signedBytes(kind, body), key, Buffer.from(sig, 'base64'))) return err('its signature is wrong');
  const said = schema.safeParse(jsonOf(body));
  return said.success ? ok(said.data) : err(`it is not valid at \`${said.error.issues[0]?.path.join('.') ?? ''}\``);
}

/** Who says to have said it, before any signature is looked at; null when it cannot be read, or is no name of a node. */
export function claimedNode(bytes: Uint8Array): string | null {
  const outer = envelope.safeParse(unpacked(bytes, MAX_OTHER));
  const body = outer.success
    ? z.looseObject({ node: z.string().regex(NAME) }).safeParse(jsonOf(outer.data.body))
    : null;
  return body?.success ? body.data.node : null;
}

function signedBytes(kind: MessageKind, body: string): Buffer {
  return Buffer.from(`locktender fleet v1\n${kind}\n${body}`);
}

function unpacked(bytes: Uint8Array, most: number): unknown {
  try {
    return jsonOf(zstdDecompressSync(bytes, { maxOutputLength: most }).toString('utf8'));
  } catch {
    return null;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
