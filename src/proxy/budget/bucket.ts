/** A token bucket of twice its rate, full at first. */

export interface Bucket {
  tokens: number;
  at: number;
}

export function fullBucket(now: number): Bucket {
  return { tokens: Number.POSITIVE_INFINITY, at: now };
}

/** `rate` tokens a second come in. False when there is none to take. */
export function take(bucket: Bucket, rate: number, now: number): boolean {
  const size = Math.max(1, rate * 2);
  const filled = Math.min(size, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * rate);
  bucket.at = now;
  bucket.tokens = filled < 1 ? filled : filled - 1;
  return filled >= 1;
}

/** Milliseconds until there is one again. */
export function waitFor({ tokens }: Bucket, rate: number): number {
  return tokens >= 1 ? 0 : ((1 - tokens) / rate) * 1000;
}
