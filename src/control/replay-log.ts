/** Bundles kept by digest, and the replay of a whole log against them, in turns so that nothing else waits for it. */

import { setImmediate } from 'node:timers/promises';
import { keptFrom } from '../audit/pruning.ts';
import { EntryAltered, readCheckedEntries } from '../audit/read.ts';
import { publishedCheckpoint } from '../audit/recover.ts';
import type { Controls } from '../core/controls.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Bundle } from '../policy/bundle/bundle.ts';
import { bundleDocument, bundleFromDocument } from '../policy/bundle/bundle-document.ts';
import { Replay, type ReplayReport } from '../policy/trials/replay.ts';
import type { BundleStore } from '../store/bundle-store.ts';
import { nodeFiles } from '../store/files.ts';
import { sha256Text } from './load-revision.ts';
import { ReplayMemo } from './replay-memo.ts';

/** Entries of one turn: a few milliseconds. */
const TURN = 256;

/** Resolves when the bundle is durable. Do this before it comes into force. */
export function keepBundle(store: BundleStore, bundle: Bundle): Promise<void> {
  return store.put(bundle.digest, bundleDocument(bundle));
}

/** The bundle of a digest; null when it was not kept or is not what it was. */
export function keptBundle(store: BundleStore, digest: string): Bundle | null {
  const text = store.get(digest);
  const bundle = text === null ? null : bundleFromDocument(text, digest, sha256Text);
  return bundle?.ok ? bundle.value : null;
}

export interface ReplayOrder {
  /** The log's directory and how many entries to read; infinity: as many as there are. */
  readonly dir: string;
  readonly size: number;
  readonly bundles: BundleStore;
  /** Null: under the bundles of then. */
  readonly candidate: Bundle | null;
  /** Controls that are supposed on top of those of then. */
  readonly suppose?: ((then: Controls) => Controls) | null;
  /** Epoch ms. */
  readonly since: number;
  readonly progress?: (done: number, of: number) => void;
}

export async function replayLog({
  dir,
  size,
  bundles,
  candidate,
  suppose = null,
  since,
  progress,
}: ReplayOrder): Promise<ReplayReport> {
  const kept = keptFrom(dir);
  const base = kept === null ? {} : { controls: kept.controls };
  const replay = new Replay({ bundleOf: (digest) => keptBundle(bundles, digest), candidate, suppose, since, ...base });
  const judge = judgeOf(replay);
  const of = Number.isFinite(size) ? size : (publishedCheckpoint(dir, nodeFiles)?.size ?? 0);
  let turn = 0;
  let at = 0;
  try {
    for (const { seq, bytes } of readCheckedEntries(dir, kept?.first ?? 0, size)) {
      at = seq;
      judge(bytes);
      turn += 1;
      if (turn % TURN === 0) await setImmediate();
      if (turn % 65_536 === 0) progress?.(seq, of);
    }
  } catch (error) {
    throw error instanceof SyntaxError ? new EntryAltered(dir, at) : error;
  }
  return replay.finish();
}

/** Feeds entries to a replay, and spares parsing those that are like one that was found right. */
export function judgeOf(replay: Replay): (bytes: Buffer) => void {
  const memo = new ReplayMemo();
  return (bytes) => {
    const likeness = memo.likeness(bytes);
    if (likeness && memo.knows(likeness)) return replay.again(likeness.now);
    if (!likeness && !replays(bytes)) return;
    const until = replay.feed(JSON.parse(bytes.toString('utf8')) as AuditEvent);
    if (likeness && until !== null) memo.add(likeness, until);
  };
}

const KINDS = ['"type":"decision"', '"type":"control.changed"', '"type":"task.admitted"'].map((t) => Buffer.from(t));

/** A quick look that spares parsing what replay has no use for; may say yes too often, never no. */
function replays(bytes: Buffer): boolean {
  return KINDS.some((kind) => bytes.includes(kind));
}
