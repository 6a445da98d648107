/** Random UUIDs, of the host's randomness. */

import { bridge } from './bridge.ts';

export function randomUuid(): string {
  const bytes = new Uint8Array(bridge.current.serve('random', 16) as ArrayBuffer);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const text = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
