/**
 * SHA-256 (FIPS 180-4) in plain TypeScript, because this folder may not use the platform's. Callers that can should
 * hand in the platform's own (`Sha256`), which gives the same bytes several times faster.
 */

/** Digest of the bytes, lower-case hex. */
export type Sha256 = (bytes: Uint8Array) => string;

// Fractional parts of the cube roots of the first 64 primes, derived rather than typed.
const K = roundConstants();
const W = new Int32Array(64);

export const sha256Hex: Sha256 = (bytes) => {
  const state = Int32Array.of(
    0x6a09e667,
    0xbb67ae85,
    0x3c6ef372,
    0xa54ff53a,
    0x510e527f,
    0x9b05688c,
    0x1f83d9ab,
    0x5be0cd19,
  );
  const whole = bytes.length & ~63;
  for (let at = 0; at < whole; at += 64) block(state, bytes, at);
  const tail = new Uint8Array(bytes.length - whole < 56 ? 64 : 128);
  tail.set(bytes.subarray(whole));
  tail[bytes.length - whole] = 0x80;
  const view = new DataView(tail.buffer);
  view.setUint32(tail.length - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(tail.length - 4, (bytes.length << 3) >>> 0);
  for (let at = 0; at < tail.length; at += 64) block(state, tail, at);
  return [...state].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
};

function block(state: Int32Array, bytes: Uint8Array, at: number): void {
  const w = W;
  for (let i = 0; i < 16; i += 1) {
    const p = at + i * 4;
    w[i] = (b(bytes, p) << 24) | (b(bytes, p + 1) << 16) | (b(bytes, p + 2) << 8) | b(bytes, p + 3);
  }
  for (let i = 16; i < 64; i += 1) {
    const x = w[i - 15] as number;
    const y = w[i - 2] as number;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0;
  }
  rounds(state, w);
}

function rounds(state: Int32Array, w: Int32Array): void {
  let [a, b2, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[i] as number) + (w[i] as number)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b2) ^ (a & c) ^ (b2 & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b2;
    b2 = a;
    a = (t1 + t2) | 0;
  }
  const add = [a, b2, c, d, e, f, g, h];
  for (let i = 0; i < 8; i += 1) state[i] = ((state[i] as number) + (add[i] as number)) | 0;
}

function b(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function roundConstants(): Int32Array {
  const out = new Int32Array(64);
  let found = 0;
  for (let n = 2n; found < 64; n += 1n) {
    if (!isPrime(n)) continue;
    out[found] = Number(BigInt.asIntN(32, cubeRoot(n << 96n)));
    found += 1;
  }
  return out;
}

function isPrime(n: bigint): boolean {
  for (let d = 2n; d * d <= n; d += 1n) if (n % d === 0n) return false;
  return true;
}

function cubeRoot(n: bigint): bigint {
  let low = 0n;
  let high = 1n << 40n;
  while (low < high) {
    const mid = (low + high + 1n) >> 1n;
    if (mid * mid * mid <= n) low = mid;
    else high = mid - 1n;
  }
  return low;
}
