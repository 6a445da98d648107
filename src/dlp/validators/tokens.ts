/** Checks on the form of tokens: entropy, JWTs, GitHub's checksum. */

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** How often each byte is in the text that is counted, and those that are, as they come; zero between two texts. */
const counts = new Uint32Array(256);
const present = new Uint8Array(256);

/** Bits per byte, by frequency of bytes (Shannon). */
export function shannonEntropy(bytes: Uint8Array): number {
  let kinds = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] as number;
    if (counts[byte] === 0) present[kinds++] = byte;
    counts[byte] = (counts[byte] as number) + 1;
  }
  let sum = 0;
  for (let i = 0; i < kinds; i += 1) {
    const byte = present[i] as number;
    const share = (counts[byte] as number) / bytes.length;
    sum -= share * Math.log2(share);
    counts[byte] = 0;
  }
  return sum;
}

/** Three base64url parts of which the first is a JSON object that names an algorithm (RFC 7519). */
export function isJwt(text: string): boolean {
  const [head = '', body = ''] = text.split('.');
  try {
    const header: unknown = JSON.parse(Buffer.from(head, 'base64url').toString('utf8'));
    return typeof header === 'object' && header !== null && 'alg' in header && body.length > 0;
  } catch {
    return false;
  }
}

/** GitHub's tokens end in six base62 digits of the CRC-32 of the thirty before them. */
export function githubChecksum(token: string): boolean {
  const body = token.slice(token.indexOf('_') + 1);
  if (body.length !== 36) return false;
  let sum = crc32(body.slice(0, 30));
  let text = '';
  for (let i = 0; i < 6; i += 1) {
    text = (BASE62[sum % 62] ?? '') + text;
    sum = Math.floor(sum / 62);
  }
  return text === body.slice(30);
}

function crc32(text: string): number {
  let crc = 0xffff_ffff;
  for (let i = 0; i < text.length; i += 1) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
