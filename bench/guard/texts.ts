/** What the guard's bench reads: sources, documentation and JSON from the installed packages, and text made to hurt. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Sources, documentation and JSON from the installed packages: what agents read. */
export function agentText(bytes: number): Buffer {
  const parts: Buffer[] = [];
  let total = 0;
  const pending = [fileURLToPath(new URL('../../node_modules', import.meta.url))];
  for (let dir = pending.shift(); dir !== undefined && total < bytes; dir = pending.shift()) {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      // What tools leave there differs from run to run.
      if (entry.name.startsWith('.')) continue;
      const path = join(dir, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (/\.(?:[cm]?[jt]s|json|md)$/.test(entry.name) && statSync(path).size < 200_000 && total < bytes) {
        const part = readFileSync(path);
        parts.push(part);
        total += part.length;
      }
    }
  }
  return Buffer.concat(parts);
}

/** Nothing but beginnings of secrets, digits and capitals: every anchor hits, no rule matches. */
export function hostileText(bytes: number): Buffer {
  const parts: string[] = [];
  for (let i = 0, total = 0; total < bytes; i += 1) {
    const hex = createHash('sha256').update(String(i)).digest('hex');
    const text =
      ['ghp_', 'api_key = ', 'password: ', 'AKIA', '4111 1111 ', 'sk_live_', 'secret token key '][i % 7] ?? '';
    parts.push(text, hex.slice(0, i % 9), '\n');
    total += text.length + (i % 9) + 1;
  }
  return Buffer.from(parts.join(''));
}
