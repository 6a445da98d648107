/** What one caller may ask: calls a second with a burst, and calls at once. */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/ports.ts';
import { type Caller, callerKey } from './callers.ts';

export interface CallerLimitSettings {
  /** Calls a second, sustained. */
  readonly rate: number;
  readonly burst: number;
  /** Calls that are being served. */
  readonly concurrency: number;
}

interface Account {
  tokens: number;
  at: number;
  open: number;
}

const CALLERS = 10_000;

export class CallerLimits {
  readonly #settings: CallerLimitSettings;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #accounts = new LRUCache<string, Account>({ max: CALLERS });

  constructor(settings: Partial<CallerLimitSettings>, clock: Pick<Clock, 'monotonic'>) {
    this.#settings = { rate: 500, burst: 1000, concurrency: 256, ...settings };
    this.#clock = clock;
  }

  /** Null when it is too much; else what to call when the call is over. */
  enter(who: Pick<Caller, 'id' | 'tenant'>): (() => void) | null {
    const { rate, burst, concurrency } = this.#settings;
    const caller = callerKey(who);
    const now = this.#clock.monotonic();
    const account = this.#accounts.get(caller) ?? { tokens: burst, at: now, open: 0 };
    this.#accounts.set(caller, account);
    account.tokens = Math.min(burst, account.tokens + ((now - account.at) / 1000) * rate);
    account.at = now;
    if (account.tokens < 1 || account.open >= concurrency) return null;
    account.tokens -= 1;
    account.open += 1;
    return () => {
      account.open -= 1;
    };
  }
}
