/** One form for each address: what an IPv4 address looks like inside IPv6 makes no difference to its categories (T-17). */

import { type Host, hostOfIp } from '../core/host.ts';
import { embeddedIpv4 } from '../core/ip-address.ts';

/** The host itself, or the IPv4 host inside a mapped, compatible, NAT64, 6to4 or Teredo address. */
export function addressForm(host: Host): Host {
  if (host.ip === null || host.ip.family === 4) return host;
  const inner = embeddedIpv4(host.ip);
  // `::` and `::1` are not IPv4 addresses in disguise, nor is anything in 0.0.0.0/8.
  return inner && inner.bytes[0] !== 0 ? hostOfIp(inner) : host;
}
