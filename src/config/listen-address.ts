/** Where a door listens: `host:port`, IPv6 in brackets, port 0 for any free one. */

import { parseHost } from '../core/host.ts';

export interface ListenAddress {
  /** An address, or `localhost`; without brackets. */
  readonly host: string;
  /** 0–65535; 0 asks the system for a free one. */
  readonly port: number;
}

/** Null when the text is not `address:port`. A name other than `localhost` is refused: it could mean any address. */
export function parseListen(text: string): ListenAddress | null {
  const colon = text.lastIndexOf(':');
  const port = /^(0|[1-9][0-9]{0,4})$/.test(text.slice(colon + 1)) ? Number(text.slice(colon + 1)) : -1;
  if (colon < 1 || port < 0 || port > 65535) return null;
  const host = parseHost(text.slice(0, colon));
  if (!host.ok) return null;
  if (host.value.kind === 'name' && host.value.name !== 'localhost') return null;
  return { host: host.value.name, port };
}
