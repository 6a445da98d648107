/**
 * Who may even speak to this door (T-83): the Host must be one of our names, so that a rebound name of an attacker is
 * refused; a request that a browser sent for another site is refused whatever it carries.
 */

import type { IncomingHttpHeaders } from 'node:http';
import { type Fault, fault } from './fault.ts';

export interface DoorNames {
  /** `host:port` forms that are ours, lower case. */
  readonly hosts: ReadonlySet<string>;
}

/** The names of a door: where it listens, the loopback forms, and those that the operator added. */
export function doorNames(listening: { host: string; port: number }, added: readonly string[]): DoorNames {
  const { host, port } = listening;
  const bracketed = host.includes(':') ? `[${host}]` : host;
  const local = ['localhost', '127.0.0.1', '[::1]', bracketed].map((name) => `${name}:${port}`);
  const own = added.flatMap((name) => [name, `${name}:${port}`]);
  return { hosts: new Set([...local, ...own].map((name) => name.toLowerCase())) };
}

/** Null when it came to one of our names. */
export function hostFault(headers: Pick<IncomingHttpHeaders, 'host'>, names: DoorNames): Fault | null {
  const host = headers.host?.toLowerCase();
  if (host !== undefined && names.hosts.has(host)) return null;
  return fault('foreign_host', 'reach this door by its address, or add the name to `admin.hosts`');
}

/** Null when the request may go on. */
export function doorFault(headers: IncomingHttpHeaders, names: DoorNames): Fault | null {
  const foreign = hostFault(headers, names);
  if (foreign) return foreign;
  // `none`: a person typed the address. A value that we do not know is one that a browser gives for somebody else.
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return fault('foreign_origin', 'open the console at the address of this door');
  }
  const { origin } = headers;
  if (origin === undefined) return null;
  const from = URL.parse(origin)?.host.toLowerCase();
  if (from === undefined || from !== headers.host?.toLowerCase()) {
    return fault('foreign_origin', 'open the console at the address of this door');
  }
  return null;
}
