/** A thread of the guard: looks at one window, or decodes or encodes one body, and remembers nothing of it. */

import { parentPort, workerData } from 'node:worker_threads';
import type { RuleSet } from '../../dlp/compiled-rules.ts';
import { rulesFrom } from '../../dlp/portable-rules.ts';
import { lookAtWindow } from '../body-window.ts';
import { isPlaceholderOf } from '../broker.ts';
import { CODINGS } from '../codings.ts';
import { DoubtBook } from '../second-stage/doubts.ts';
import { type KeptValue, Vault } from '../vault.ts';
import { windowOptions } from '../window-options.ts';
import { type AnyDone, MOST_SETS, type Work, type WorkerAsk, type WorkerSay, type WorkerSetup } from './worker-talk.ts';

const port = parentPort;
if (port === null) throw new Error('this is started as a thread');
const setup = workerData as WorkerSetup;
const { fingerprintKey, vaultKey, tokenTtlMs, maxFindings, maxLayerDepth } = setup;

let kept: KeptValue[] = [];
// What is kept is kept by the thread that asks; nothing stays here.
const vault =
  vaultKey === null ? null : new Vault({ now: () => Date.now(), ttlMs: tokenTtlMs, most: 0, key: vaultKey });
vault?.keptBy((one) => kept.push(one));

/** By digest, the latest last. */
const sets = new Map<string, RuleSet>();
const shared = {
  ...{ fingerprintKey, maxFindings, isOurs: isPlaceholderOf(new Set(setup.placeholders)) },
  ...(vault && { vault }),
  ...(maxLayerDepth !== null && { maxLayerDepth }),
};

function setOf({ digest, rules }: WorkerAsk): RuleSet {
  const known = sets.get(digest);
  const set = known ?? (rules === null ? undefined : rulesFrom(rules, [...sets.values()].at(-1) ?? null));
  if (set === undefined) throw new Error('rules that are not known');
  sets.delete(digest);
  sets.set(digest, set);
  for (const oldest of sets.keys()) if (sets.size > MOST_SETS) sets.delete(oldest);
  return set;
}

function done(work: Work, rules: RuleSet): AnyDone {
  if (work.what === 'look') {
    const book = work.doubts && new DoubtBook(work.doubts);
    const context = { ...work.context, ...(book && { doubts: book }) };
    kept = [];
    const outcome = lookAtWindow({ ...windowOptions({ ...shared, rules }), context }, work.state, work.until);
    // A piece in place would take all along that was held around it.
    const out = outcome.out.map((piece) => Uint8Array.from(piece));
    return { outcome: { ...outcome, out }, kept, questions: book?.questions() ?? [] };
  }
  const coding = CODINGS[work.coding];
  if (coding === undefined) throw new Error('an encoding that is not known');
  const bytes = Buffer.concat(work.chunks);
  if (work.what === 'encode') return { bytes: Uint8Array.from(coding.encode(bytes)) };
  const chunks = work.chunks as readonly Uint8Array<ArrayBuffer>[];
  try {
    return { chunks, decoded: Uint8Array.from(coding.decode(bytes, work.max)) };
  } catch {
    return { chunks, decoded: null };
  }
}

/** Whole buffers of their own go over without a copy. */
function given(result: AnyDone): ArrayBuffer[] {
  if ('bytes' in result) return [result.bytes.buffer];
  if (!('decoded' in result)) return [];
  return [...result.chunks.map(({ buffer }) => buffer), ...(result.decoded === null ? [] : [result.decoded.buffer])];
}

function say(said: WorkerSay, give: readonly ArrayBuffer[] = []): void {
  port?.postMessage(said, [...give]);
}

port.on('message', (ask: WorkerAsk) => {
  const since = performance.now();
  const { id } = ask;
  try {
    const rules = setOf(ask);
    const result = ask.work && done(ask.work, rules);
    say({ id, done: result, ms: performance.now() - since }, result === null ? [] : given(result));
  } catch (error) {
    say({ id, failed: error instanceof Error ? error.name : 'unknown' });
  }
});
