/** Entry bundles of C2SP tlog-tiles: entries, each behind its length as a big-endian uint16. */

/** Longest entry that the format can hold. */
export const MAX_ENTRY_BYTES = 65_535;

export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const entry of entries) length += 2 + entry.length;
  const out = Buffer.allocUnsafe(length);
  let at = 0;
  for (const entry of entries) {
    at = out.writeUInt16BE(entry.length, at);
    out.set(entry, at);
    at += entry.length;
  }
  return out;
}

/** Views into `bundle`, at most `limit`; null when it ends in the middle of an entry. */
export function decodeBundle(bundle: Buffer, limit = Number.POSITIVE_INFINITY): Buffer[] | null {
  const entries: Buffer[] = [];
  let at = 0;
  while (at < bundle.length && entries.length < limit) {
    if (at + 2 > bundle.length) return null;
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) return null;
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** Views of as many entries as are whole, at most `limit`, of a bundle that may end anywhere. */
export function wholeEntries(bundle: Buffer, limit: number): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at + 2 <= bundle.length && entries.length < limit; ) {
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) break;
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}
