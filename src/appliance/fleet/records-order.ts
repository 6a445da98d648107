/** What the threads of a fleet's records are told and say. All of it is plain data: it crosses between threads. */

import type { MirrorReport } from '../../audit/mirror/mirrors.ts';
import type { MirrorPosition, ShipperStatus } from '../../audit/mirror/shipper.ts';
import type { ConnectionOptions } from '../../fleet/connection.ts';

export interface RecordsOrder {
  readonly fleet: string;
  readonly node: string;
  readonly connection: Omit<ConnectionOptions, 'log'>;
  /** Directory of documents. */
  readonly documents: string;
}

/** A member's thread. */
export interface ShipOrder extends RecordsOrder {
  /** Of the log. */
  readonly dir: string;
  readonly pollMs: number;
}

export type ShipTold =
  | { readonly do: 'ask'; readonly question: Uint8Array; readonly nonce: string }
  | { readonly do: 'hear'; readonly position: MirrorPosition };

export type ShipNews =
  | { readonly say: 'status'; readonly status: ShipperStatus }
  | { readonly say: 'answer'; readonly answer: Uint8Array; readonly nonce: string };

/** The hub's thread. */
export interface MirrorOrder extends RecordsOrder {
  /** Of the mirrors. */
  readonly dir: string;
  readonly keepMs: number;
  readonly retentionDays: number;
  readonly sealAfterDays: number;
}

/** `believe`: what a member asked, its signature found right. `reply`: what it is answered. */
export type MirrorTold =
  | {
      readonly do: 'believe';
      readonly id: number;
      readonly node: string;
      readonly logKeys: readonly string[];
      readonly size: number;
    }
  | { readonly do: 'reply'; readonly id: number; readonly answer: Uint8Array };

export type MirrorNews =
  | { readonly say: 'reports'; readonly reports: readonly MirrorReport[] }
  | { readonly say: 'question'; readonly id: number; readonly question: Uint8Array }
  | { readonly say: 'stands'; readonly id: number; readonly report: MirrorReport };
