/** Policy as an egress worker has it: what the control thread said last, and the decisions that were cached under it. */

import { CategoryIndex } from '../../categories/category-index.ts';
import { sha256Text } from '../../control/load-revision.ts';
import type { Clock } from '../../core/ports.ts';
import { bundleFromDocument } from '../../policy/bundle/bundle-document.ts';
import { controlEffects } from '../../policy/controls/control-effects.ts';
import { LeaseIndex } from '../../policy/lease-index.ts';
import type { PolicySource, Snapshot } from '../../policy/snapshot.ts';
import type { PolicyNews } from './worker-talk.ts';

export class FollowedPolicy implements PolicySource {
  /** Of cached decisions only; flows are held where the controls are. */
  readonly leases: LeaseIndex;
  #snapshot: Snapshot;

  /** Throws when the news are not whole. */
  constructor(news: PolicyNews, clock: Pick<Clock, 'now'>) {
    this.#snapshot = snapshotOf(news, null);
    this.leases = new LeaseIndex({ source: this, now: () => clock.now() });
  }

  current(): Snapshot {
    return this.#snapshot;
  }

  /** Throws when a bundle or an index is not the one that is in force; what was followed so far then still is. */
  take(news: PolicyNews): void {
    const before = this.#snapshot;
    const after = snapshotOf(news, before);
    this.#snapshot = after;
    if (after.bundle !== before.bundle || after.categories !== before.categories) {
      this.leases.rejudge();
      return;
    }
    const { cut, rejudge, forget } = controlEffects(before.controls, after.controls);
    this.leases.forget([...cut, ...rejudge, ...forget]);
  }
}

function snapshotOf({ bundle, categories, controls }: PolicyNews, before: Snapshot | null): Snapshot {
  const compiled = bundle === null ? before?.bundle : bundleOf(bundle);
  const index = categories === null ? before?.categories : indexOf(categories);
  if (!compiled || !index) throw new Error('the first news of policy lack the bundle or the categories');
  return Object.freeze({ bundle: compiled, categories: index, controls: Object.freeze(controls) });
}

function bundleOf({ document, digest }: NonNullable<PolicyNews['bundle']>) {
  const bundle = bundleFromDocument(document, digest, sha256Text);
  if (!bundle.ok) throw new Error(bundle.error);
  return bundle.value;
}

/** The control thread has verified it. */
function indexOf(bytes: Uint8Array): CategoryIndex {
  const index = CategoryIndex.open(bytes, { verified: true });
  if (!index.ok) throw new Error(index.error);
  return index.value;
}
