/** A text as the guard gives it back. */

import type { RuleSet } from '../../src/dlp/compiled-rules.ts';
import { scanLayers } from '../../src/dlp/scan-layers.ts';

/** With each finding replaced by `[GONE]`. */
export function redacted(text: string, rules: RuleSet): string {
  const bytes = Buffer.from(text);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const found of scanLayers(bytes, rules)) {
    parts.push(bytes.subarray(at, found.start), found.replaced(Buffer.from('[GONE]')));
    at = found.end;
  }
  return Buffer.concat([...parts, bytes.subarray(at)]).toString();
}
