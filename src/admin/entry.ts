/**
 * What a request must be before anything looks at where it goes (T-83): one of each field that decides, and one path that
 * every reader reads alike. What another reader could take for something else is refused, not put right.
 */

import { type DoorNames, hostFault } from './door-check.ts';
import { type Fault, fault } from './fault.ts';

export interface Entering {
  readonly url?: string | undefined;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<{ readonly host?: string | undefined }>;
}

/** Fields of which a second one would be read by some and not by others. */
const ONCE: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'content-type',
  'content-encoding',
  'content-length',
  'if-match',
  'last-event-id',
  'origin',
  'sec-fetch-site',
]);

export type Entered = { readonly target: string } | { readonly refused: Fault };

/** The path and query of a request that may come in. */
export function entered({ url = '', rawHeaders, headers }: Entering, names: DoorNames): Entered {
  const foreign = hostFault(headers, names);
  if (foreign) return { refused: foreign };
  const twice = sentTwice(rawHeaders);
  if (twice !== null) return { refused: fault('bad_request', `\`${twice}\` is sent twice; send it once`) };
  // RFC 9112, 3.2.2: a server takes the absolute form too; here only where it names what `Host` names.
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url);
  if (absolute && absolute[1]?.toLowerCase() !== headers.host?.toLowerCase()) {
    return { refused: fault('foreign_host', 'the target names another host than `Host`; send the path alone') };
  }
  const target = absolute ? absolute[2] || '/' : url;
  return isPlain(target) ? { target } : { refused: fault('bad_request', 'the request target is not one plain path') };
}

function sentTwice(rawHeaders: readonly string[]): string | null {
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (seen.has(name)) return name;
    if (ONCE.has(name)) seen.add(name);
  }
  return null;
}

/** A path that a parser of URLs leaves as it is: no dot segments, however written, no backslash, no authority. */
function isPlain(target: string): boolean {
  if (!target.startsWith('/') || target.startsWith('//') || target.includes('#')) return false;
  const path = target.split('?', 1)[0];
  return URL.parse(target, 'http://admin')?.pathname === path;
}
