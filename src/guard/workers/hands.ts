/** Who looks at what is too large to be looked at where requests are decided. */

import type { RuleSet } from '../../dlp/compiled-rules.ts';
import type { GuardContext } from '../guard-context.ts';
import type { WindowOutcome, WindowState } from '../window-state.ts';
import type { GuardWorkers } from './guard-workers.ts';
import type { Done } from './worker-talk.ts';

export interface Hands {
  /** Whether so many bytes are looked at here, after so many of the same body. */
  isSmall(bytes: number, before: number): boolean;
  look(state: WindowState, until: number, context: GuardContext): Promise<WindowOutcome>;
  /** Null where it cannot be decoded, or not within `max` bytes. The chunks are gone; those that come back are the same. */
  decode(
    chunks: readonly Uint8Array<ArrayBuffer>[],
    coding: string,
    of: { readonly max: number; readonly tenant: string },
  ): Promise<{ readonly chunks: readonly Uint8Array<ArrayBuffer>[]; readonly decoded: Uint8Array | null }>;
  encode(chunks: readonly Uint8Array[], coding: string, tenant: string): Promise<Uint8Array>;
}

/** About four milliseconds on the slow side. */
export const SMALL = 16 * 1024;
/** What is looked at here of one body in all, in small pieces. */
const SMALL_IN_ALL = 256 * 1024;

/** Hands that look by these rules. */
export function handsOf(workers: GuardWorkers, rules: RuleSet): Hands {
  return {
    isSmall: (bytes, before) => bytes <= SMALL && before + bytes <= SMALL_IN_ALL,
    look: async (state, until, { doubts, scrubs: _, ...context }) => {
      const fresh = until - state.next;
      const { outcome, kept, questions } = await workers.run<Done<'look'>>({
        ...{ tenant: context.tenant, isSmall: fresh <= SMALL, rules },
        work: { what: 'look', state, until, context, doubts: doubts?.portable() ?? null },
      });
      workers.keep(kept);
      doubts?.take(questions);
      return outcome;
    },
    decode: async (chunks, coding, { max, tenant }) =>
      workers.run<Done<'decode'>>({
        ...{ tenant, isSmall: false, rules },
        work: { what: 'decode', coding, chunks, max },
        give: chunks.map(({ buffer }) => buffer),
      }),
    encode: async (chunks, coding, tenant) => {
      const { bytes } = await workers.run<Done<'encode'>>({
        ...{ tenant, isSmall: false, rules },
        work: { what: 'encode', coding, chunks },
      });
      return bytes;
    },
  };
}
