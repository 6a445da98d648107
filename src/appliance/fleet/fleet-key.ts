/** The key of a node in a fleet, before or while it runs: others have to pin it before they believe it. */

import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { nodeKeyText } from '../../fleet/envelope.ts';
import { openSigningKeys } from '../../pki/signing-keys.ts';
import { makeDirectories } from '../../store/make-directory.ts';

/** Its text form; made where there is none yet. */
export function fleetKey({ state, node }: Config): string {
  const dir = join(state, 'keys');
  makeDirectories(dir);
  return nodeKeyText({ node, publicKey: openSigningKeys(dir, ['fleet']).current('fleet').rawPublicKey });
}
