/**
 * How far a node's mirror has come, asked by the node and said by the hub, both under their signatures and with a number that is
 * used once: whoever owns NATS can keep it back, and can neither make it up nor say it again later. The question tells the hub
 * the keys of the node's log, which may change, and how long that log is, so that what is held back on the way shows.
 */

import { type KeyObject, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { MirrorReport } from '../../audit/mirror/mirrors.ts';
import type { MirrorPosition } from '../../audit/mirror/shipper.ts';
import { claimedNode, type NodeSigner, open, seal } from '../envelope.ts';

const label = z.string().min(1).max(200);
const count = z.int().min(0);
const own = { fleet: label, node: label, nonce: label };

const whereSchema = z.strictObject({
  ...own,
  /** C2SP verifier keys of the node's log, newest first. */
  log_keys: z.array(z.string().max(500)).min(1).max(100),
  /** Entries under its checkpoint. */
  size: count,
});
export type Where = z.output<typeof whereSchema>;

const mirroredSchema = z.strictObject({
  ...own,
  size: count,
  root: z.base64().max(60),
  published: count,
  fault: z.string().max(100).nullable(),
});

/** What a node asks. */
export function askWhere(
  about: { readonly fleet: string; readonly logKeys: readonly string[]; readonly size: number },
  signer: NodeSigner,
): { readonly bytes: Uint8Array; readonly nonce: string } {
  const nonce = randomBytes(16).toString('hex');
  const { fleet, logKeys, size } = about;
  const body: Where = { fleet, node: signer.node, nonce, log_keys: [...logKeys], size };
  return { bytes: seal('where', body, signer), nonce };
}

/** The question, when a member asked it; null for all else. `keyOf`: public key of a member, null for who is none. */
export function readWhere(
  question: Uint8Array,
  { fleet, keyOf }: { readonly fleet: string; readonly keyOf: (node: string) => KeyObject | null },
): Where | null {
  const node = claimedNode(question);
  const key = node === null ? null : keyOf(node);
  if (key === null) return null;
  const asked = open(question, { kind: 'where', key, schema: whereSchema });
  return asked.ok && asked.value.node === node && asked.value.fleet === fleet ? asked.value : null;
}

/** What the hub answers. */
export function tellWhere(
  { fleet, node, nonce }: Pick<Where, 'fleet' | 'node' | 'nonce'>,
  { size, root, published, fault }: Pick<MirrorReport, 'size' | 'root' | 'published' | 'fault'>,
  signer: NodeSigner,
): Uint8Array {
  const body: z.input<typeof mirroredSchema> = {
    fleet,
    node,
    nonce,
    size,
    root,
    published,
    fault: fault?.kind ?? null,
  };
  return seal('mirrored', body, signer);
}

/** What the hub said to that very question; null when it is no answer to it. */
export function hearWhere(
  answer: Uint8Array,
  asked: { readonly fleet: string; readonly node: string; readonly nonce: string; readonly hubKey: KeyObject },
): MirrorPosition | null {
  const said = open(answer, { kind: 'mirrored', key: asked.hubKey, schema: mirroredSchema });
  if (!said.ok) return null;
  const { fleet, node, nonce, size, root, published, fault } = said.value;
  if (fleet !== asked.fleet || node !== asked.node || nonce !== asked.nonce) return null;
  return { size, root: Buffer.from(root, 'base64'), published, fault };
}
