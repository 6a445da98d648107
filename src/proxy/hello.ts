/** The first bytes inside a tunnel: the ClientHello, read within a deadline and bounds, and held against the target. */

import type { Duplex } from 'node:stream';
import { parseHost } from '../core/host.ts';
import type { Target } from '../core/target.ts';
import { type ClientHello, type ClientHelloProblem, readClientHello } from '../wire/client-hello.ts';
import { Refusal } from './refusal.ts';
import type { ProxySettings } from './settings.ts';

export interface FirstHello {
  readonly hello: ClientHello;
  /** Everything read so far, to be relayed as it came. */
  readonly bytes: Buffer;
}

/** Leaves the stream paused. Throws a `Refusal`. */
export function readHello(client: Duplex, timeoutMs: number): Promise<FirstHello> {
  return new Promise((resolve, reject) => {
    let held: Buffer | null = null;
    const done = (finish: () => void): void => {
      clearTimeout(late);
      client.pause();
      client.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onEnd);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      held = held === null ? chunk : Buffer.concat([held, chunk]);
      const bytes = held;
      const read = readClientHello(bytes);
      if (read === null) return;
      done(() => (read.ok ? resolve({ hello: read.value, bytes }) : reject(helloRefusal(read.error))));
    };
    const onEnd = (): void =>
      done(() => reject(new Refusal('client_hello_invalid', held === null ? 'absent' : 'cut_short')));
    const late = setTimeout(() => done(() => reject(new Refusal('client_hello_invalid', 'late'))), timeoutMs);
    client.on('data', onData).once('end', onEnd).once('close', onEnd).once('error', onEnd);
    client.resume();
  });
}

function helloRefusal(problem: ClientHelloProblem): Refusal {
  return problem === 'not_tls' ? new Refusal('tunnel_not_tls', problem) : new Refusal('client_hello_invalid', problem);
}

export interface HelloRules {
  readonly settings: Pick<ProxySettings, 'ech' | 'sniOptional'>;
  /** Opaque from here on: what cannot be seen later must be refused now. */
  readonly opaque: boolean;
}

/** SNI must be there and equal the target (T-01, T-02); ECH and early data would hide what was granted (T-05, T-07). */
export function checkHello(hello: ClientHello, target: Target, { settings, opaque }: HelloRules): void {
  const { host } = target;
  if (opaque && hello.ech && settings.ech === 'refuse') throw new Refusal('ech_refused');
  if (opaque && hello.earlyData) throw new Refusal('client_hello_invalid', 'early_data');
  if (hello.sni === null) {
    // An address has no SNI (RFC 6066 section 3).
    if (host.kind === 'name' && !settings.sniOptional.includes(host.name)) throw new Refusal('sni_missing');
    return;
  }
  const named = parseHost(hello.sni);
  if (!named.ok || named.value.name !== host.name) throw new Refusal('sni_mismatch');
}

/** A fatal `access_denied` alert (RFC 8446 section 6.2): the client's TLS library says so instead of "reset". */
export const TLS_ACCESS_DENIED = Buffer.from([21, 3, 3, 0, 2, 2, 49]);
