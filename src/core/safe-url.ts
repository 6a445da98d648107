/** Which URLs keys, tokens and codes may travel by. */

/** They travel encrypted, or do not leave the machine. */
export function isSafeUrl(url: string): boolean {
  const parsed = URL.parse(url);
  if (parsed === null) return false;
  return (
    parsed.protocol === 'https:' ||
    (parsed.protocol === 'http:' && /^(127\.0\.0\.1|\[::1\]|localhost)$/.test(parsed.hostname))
  );
}
