/** What a request asks its connection to become: one reading for the gate, and for the relay that puts passes into heads. */

/**
 * The protocol in lower case; empty where it asks for none. Only what both `Upgrade` and `Connection` ask for is an upgrade;
 * h2c is an offer, and not taken up (RFC 9110 section 7.8).
 */
export function upgradeOf(headers: readonly (readonly [string, string])[]): string {
  let wanted = '';
  let agreed = false;
  for (const [name, value] of headers) {
    if (name.length === 7 && name.toLowerCase() === 'upgrade') wanted = wanted === '' ? value : `${wanted}, ${value}`;
    else if (name.length === 10 && name.toLowerCase() === 'connection')
      agreed ||= /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(value);
  }
  const protocol = wanted.toLowerCase();
  return agreed && protocol !== 'h2c' ? protocol : '';
}
