/** The record where no appliance runs: what a stopped one left in its state directory can still be asked and proved. */

import { join } from 'node:path';
import { isUnwritable } from '../audit/index-database.ts';
import { type InclusionProof, inclusionProof } from '../audit/proof.ts';
import { firstKept } from '../audit/pruning.ts';
import { type EventFilter, type FoundEvent, IndexRemade, IndexUnwritable, openQueryIndex } from '../audit/query.ts';
import { readEntries } from '../audit/read.ts';
import { publishedCheckpoint } from '../audit/recover.ts';
import { NoProof } from '../audit/tile-tree.ts';
import { nodeFiles } from '../store/files.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT } from './context.ts';
import { configOf } from './given-config.ts';
import { hasLog } from './recorded-events.ts';

/** Asks the appliance; where none can be reached and none was named, the state directory. */
export async function liveOrKept<T>(
  options: CommonOptions,
  io: CliIo,
  { live, kept }: { readonly live: () => Promise<T>; readonly kept: (state: string) => T },
): Promise<T> {
  try {
    return await live();
  } catch (error) {
    const unreachable = error instanceof CliFailure && error.exit === EXIT.unreachable;
    const named = options.admin ?? io.env['LOCKTENDER_ADMIN'];
    const { state } = configOf(options, io);
    if (!unreachable || named !== undefined || !hasLog(state)) throw error;
    return kept(state);
  }
}

/**
 * Brings the query index up to the end of the log first; where that cannot be written (evidence is kept so, and disks fill
 * up), it is one for this question alone. What a tenant sealed stays sealed.
 */
export function keptEvents(state: string, filter: EventFilter): readonly FoundEvent[] {
  const dir = join(state, 'audit');
  try {
    return answered(dir, join(state, 'audit-index.sqlite'), filter);
  } catch (error) {
    if (!isUnwritable(error) && !(error instanceof IndexUnwritable)) throw error;
    return answered(dir, '', filter);
  }
}

function answered(dir: string, path: string, filter: EventFilter): readonly FoundEvent[] {
  const index = openQueryIndex(dir, path);
  const [end, first] = [sizeOf(dir), firstKept(dir)];
  const ask = () => {
    while (index.catchUp(end, undefined, first) > 0);
    return index.query(filter);
  };
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof IndexRemade)) throw error;
    return ask();
  } finally {
    index.close();
  }
}

export function keptProof(state: string, seq: number): InclusionProof {
  try {
    return inclusionProof(join(state, 'audit'), seq);
  } catch (error) {
    throw error instanceof NoProof ? new CliFailure(EXIT.usage, error.message) : error;
  }
}

/** Entries under the published checkpoint, and those of the journal after it. */
function sizeOf(dir: string): number {
  let size = publishedCheckpoint(dir, nodeFiles)?.size ?? 0;
  for (const { seq } of readEntries(dir, size)) size = seq + 1;
  return size;
}
