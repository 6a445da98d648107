/** What goes from one window of a body to the next, and what one came to: values, so that any thread may look at any window. */

import type { Finding } from '../core/finding.ts';
import type { PlacesState } from '../dlp/json-places.ts';

/** Where a body has been looked at to. */
export interface WindowState {
  /** Bytes not yet decided about, with up to `BEHIND` decided ones before them. */
  readonly held: Uint8Array;
  /** Offset of `held[0]` in the body. */
  readonly base: number;
  /** Offset in the body up to which output was given. */
  readonly sent: number;
  /** Offset in the body at which the next window begins. */
  readonly next: number;
  /** Offset at which the stream was last let go on before its end was known; -1 when it never was. */
  readonly letGo: number;
  /** Where secrets in several pieces begin that were acted on, and pieces of them that are still to come. */
  readonly told: ReadonlySet<number>;
  readonly cuts: readonly { readonly start: number; readonly end: number }[];
  readonly json: PlacesState | undefined;
  /** Findings that were listed so far. */
  readonly listed: number;
}

export const FRESH: WindowState = {
  ...{ held: new Uint8Array(0), base: 0, sent: 0, next: 0, letGo: -1, told: new Set(), cuts: [], listed: 0 },
  json: undefined,
};

/** What one window came to. */
export interface WindowOutcome {
  /** In place where nothing was changed: nothing is written over what a window held. */
  readonly out: readonly Uint8Array[];
  readonly findings: readonly Finding[];
  /** Findings that are only counted. */
  readonly more: number;
  /** Something may not pass at all: nothing more comes out. */
  readonly blocked: boolean;
  /** More is encoded in it than is looked into. */
  readonly isUnread: boolean;
  readonly state: WindowState;
}
