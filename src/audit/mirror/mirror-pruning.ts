/** The node's own word for what it no longer has. */

const LOG_PRUNED = Buffer.from('"type":"log.pruned"');

/** The newest `log.pruned` event among entries that begin at sequence `first`; null when there is none. */
export function prunedBy(entries: readonly Buffer[], first: number): { seq: number; firstKept: number } | null {
  for (let i = entries.length - 1; i >= 0; i -= 1) {
    const entry = entries[i] as Buffer;
    if (!entry.includes(LOG_PRUNED)) continue;
    const firstKept = firstKeptOf(entry);
    if (firstKept !== null) return { seq: first + i, firstKept };
  }
  return null;
}

function firstKeptOf(entry: Buffer): number | null {
  try {
    const event = JSON.parse(entry.toString('utf8')) as { type?: unknown; first_kept?: unknown };
    const { type, first_kept: kept } = event;
    return type === 'log.pruned' && typeof kept === 'number' && Number.isSafeInteger(kept) ? kept : null;
  } catch {
    return null;
  }
}
