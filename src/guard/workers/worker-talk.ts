/** What the thread that decides and a guard worker say to one another. Values must be what structured cloning takes. */

import type { PortableRules } from '../../dlp/portable-rules.ts';
import type { GuardContext } from '../guard-context.ts';
import type { PortableDoubts, Question } from '../second-stage/doubts.ts';
import type { KeptValue } from '../vault.ts';
import type { WindowOutcome, WindowState } from '../window-state.ts';

/** All that a worker begins with. No stored credential is among it, only the names that stand for them. */
export interface WorkerSetup {
  readonly fingerprintKey: Uint8Array;
  /** Of the vault of the process; null where nothing is kept. */
  readonly vaultKey: Uint8Array | null;
  readonly tokenTtlMs: number;
  readonly maxFindings: number;
  readonly maxLayerDepth: number | null;
  /** What stands for stored credentials. */
  readonly placeholders: readonly string[];
}

export type Work =
  | {
      readonly what: 'look';
      readonly state: WindowState;
      readonly until: number;
      readonly context: Omit<GuardContext, 'scrubs' | 'doubts'>;
      readonly doubts: PortableDoubts | null;
    }
  | { readonly what: 'decode'; readonly coding: string; readonly chunks: readonly Uint8Array[]; readonly max: number }
  | { readonly what: 'encode'; readonly coding: string; readonly chunks: readonly Uint8Array[] };

interface Results {
  readonly look: {
    readonly outcome: WindowOutcome;
    /** Sealed under the key of the vault. */
    readonly kept: readonly KeptValue[];
    readonly questions: readonly Question[];
  };
  readonly decode: {
    readonly chunks: readonly Uint8Array<ArrayBuffer>[];
    readonly decoded: Uint8Array<ArrayBuffer> | null;
  };
  readonly encode: { readonly bytes: Uint8Array<ArrayBuffer> };
}

export type Done<W extends keyof Results> = Results[W];
export type AnyDone = Results[keyof Results];

export interface WorkerAsk {
  /** Said with the answer: none is ever taken for another job's. */
  readonly id: number;
  readonly digest: string;
  /** Null where the worker has them. */
  readonly rules: PortableRules | null;
  /** Null: only take the rules. */
  readonly work: Work | null;
}

export type WorkerSay =
  | { readonly id: number; readonly done: AnyDone | null; readonly ms: number }
  /** Name of the error, never what it says: that may quote the body. */
  | { readonly id: number; readonly failed: string };

/** Sets of rules that a worker keeps: streams go on with those that they began with. */
export const MOST_SETS = 3;
