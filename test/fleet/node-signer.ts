/** Keys of nodes of a fleet, made for a test. */

import { generateKeyPairSync, sign } from 'node:crypto';
import { type NodeKey, type NodeSigner, nodeKeyText, parseNodeKey } from '../../src/fleet/envelope.ts';

export function signerOf(node: string): NodeSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return { node, publicKey: raw, sign: (message) => sign(null, message, privateKey) };
}

/** What others know of it. */
export function keyOf(signer: NodeSigner): NodeKey {
  const key = parseNodeKey(nodeKeyText(signer));
  if (!key.ok) throw new Error(key.error);
  return key.value;
}
