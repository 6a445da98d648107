/** The target of a request: where it wants to go, canonical once, at the door. */

import type { Host } from './host.ts';

/** `tcp` is a tunnel whose inside nobody has read (CONNECT or SOCKS5 before its first bytes). */
export type Scheme = 'http' | 'https' | 'ws' | 'wss' | 'tcp';

export interface Target {
  readonly scheme: Scheme;
  readonly host: Host;
  /** 1–65535. */
  readonly port: number;
}

/** `host:port`, IPv6 in brackets. */
export function authority(target: Pick<Target, 'host' | 'port'>): string {
  const { host, port } = target;
  return host.kind === 'ipv6' ? `[${host.name}]:${port}` : `${host.name}:${port}`;
}

/** The port that a scheme means when none is written; null for `tcp`. */
export function defaultPort(scheme: Scheme): number | null {
  if (scheme === 'tcp') return null;
  return scheme === 'http' || scheme === 'ws' ? 80 : 443;
}

/** Strict decimal port, 1–65535, no sign, space or leading zero. */
export function parsePort(text: string): number | null {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) return null;
  const port = Number(text);
  return port <= 65535 ? port : null;
}
