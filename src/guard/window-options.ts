/** How windows are looked at, the same in every thread that does. */

import { createHmac } from 'node:crypto';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { LAYER_LIMITS } from '../dlp/scan-layers.ts';
import type { WindowOptions } from './body-window.ts';
import { zlibPacking } from './packing.ts';
import type { Vault } from './vault.ts';

export interface LookOptions {
  readonly rules: RuleSet;
  /** Key of the fingerprints; 32 bytes. */
  readonly fingerprintKey: Uint8Array;
  /** Where `tokenise` keeps values; without it a token stands for nothing that could come back. */
  readonly vault?: Vault;
  /** Whether this is a placeholder that we gave out ourselves. */
  readonly isOurs?: (secret: Buffer) => boolean;
  /** Findings listed in one verdict; more are counted. */
  readonly maxFindings?: number;
  /** Encodings unwrapped inside one another. Default 3. */
  readonly maxLayerDepth?: number;
}

export const MOST_FINDINGS = 200;

export function windowOptions(options: LookOptions): Omit<WindowOptions, 'context'> {
  const { rules, vault, maxLayerDepth } = options;
  return {
    rules,
    maxFindings: options.maxFindings ?? MOST_FINDINGS,
    layers: { ...LAYER_LIMITS, packing: zlibPacking, depth: maxLayerDepth ?? LAYER_LIMITS.depth },
    fingerprint: (secret) => createHmac('sha256', options.fingerprintKey).update(secret).digest('hex').slice(0, 16),
    isOurs: options.isOurs ?? (() => false),
    ...(vault && { vault }),
  };
}
