/** Token buckets by key, bounded in number: the fullest are forgotten, since a forgotten key starts full. */

import type { Clock } from '../core/ports.ts';

export interface RateLimit {
  /** 0 when the act is within the rate; else the whole seconds after which one more is. */
  take(key: string): number;
}

interface Bucket {
  level: number;
  at: number;
}

const MOST_KEYS = 10_000;

export function createRateLimit(perMinute: number, clock: Clock): RateLimit {
  const buckets = new Map<string, Bucket>();
  return {
    take: (key) => {
      const now = clock.monotonic();
      const bucket = buckets.get(key) ?? { level: perMinute, at: now };
      bucket.level = Math.min(perMinute, bucket.level + ((now - bucket.at) * perMinute) / 60_000);
      bucket.at = now;
      if (buckets.size >= MOST_KEYS && !buckets.has(key)) buckets.delete(buckets.keys().next().value ?? '');
      buckets.delete(key);
      buckets.set(key, bucket);
      if (bucket.level < 1) return Math.max(1, Math.ceil(((1 - bucket.level) * 60) / perMinute));
      bucket.level -= 1;
      return 0;
    },
  };
}
