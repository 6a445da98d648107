/** The first bytes inside a tunnel: the ClientHello, read within a deadline and bounds, and held against the target. */

import type { Duplex } from 'node:stream';
import { GrowingBytes } from '../../core/growing-bytes.ts';
import type { Target } from '../../core/target.ts';
import { type ClientHello, type ClientHelloProblem, ClientHelloReader } from '../../wire/client-hello.ts';
import { SecondHello } from '../../wire/second-hello.ts';
import { Deadline, type Deadlines } from '../deadlines.ts';
import { Refusal, refusalOf } from '../refusal.ts';
import type { ProxySettings } from '../settings.ts';
import type { Screen } from './tunnel.ts';

export interface FirstHello {
  readonly hello: ClientHello;
  /** Its records, to be relayed as they came, and what came along behind them. */
  readonly bytes: Buffer;
  /** Where its records end. */
  readonly end: number;
}

/** Leaves the stream paused. Throws a `Refusal`. */
export function readHello(client: Duplex, timeoutMs: number, deadlines: Deadlines): Promise<FirstHello> {
  return new Promise((resolve, reject) => {
    const held = new GrowingBytes();
    const reader = new ClientHelloReader();
    const done = (finish: () => void): void => {
      deadlines.delete(late);
      client.pause();
      client.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onEnd);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      held.append(chunk);
      const { bytes } = held;
      const read = reader.read(bytes);
      if (read === null) return;
      if (!read.ok) {
        done(() => reject(helloRefusal(read.error)));
        return;
      }
      done(() => resolve({ hello: read.value, bytes, end: reader.end }));
    };
    const onEnd = (): void =>
      done(() => reject(new Refusal('client_hello_invalid', held.length === 0 ? 'absent' : 'cut_short')));
    const late = new Deadline(timeoutMs, () => done(() => reject(new Refusal('client_hello_invalid', 'late'))));
    deadlines.add(late);
    client.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd);
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
  if (nameOf(hello.sni) !== host.name) throw new Refusal('sni_mismatch');
}

/**
 * As it goes on, or else another server than we may answer to it: plain ASCII, its case and a last dot aside (RFC 6066 section
 * 3). What only a browser's reading would make the same name, or the same address, is another one here.
 */
function nameOf(sni: string): string {
  return sni.endsWith('.') ? sni.slice(0, -1).toLowerCase() : sni.toLowerCase();
}

/** Holds a second ClientHello of an opaque tunnel against its target before it goes on. */
export class HelloScreen implements Screen {
  readonly #second = new SecondHello();
  readonly #check: (hello: ClientHello) => void;
  /** Set when it was refused. */
  refusal: Refusal | null = null;

  /** `check` throws a `Refusal`. */
  constructor(check: (hello: ClientHello) => void) {
    this.#check = check;
  }

  get done(): boolean {
    return this.#second.done;
  }

  /** What goes on of the first one and what came along, which is looked at like what comes later. Throws a `Refusal`. */
  begin({ bytes, end }: FirstHello): Uint8Array {
    if (end === bytes.length) return bytes;
    const pass = this.pass(bytes.subarray(end));
    if (pass === null) throw this.refusal;
    return pass.length === bytes.length - end ? bytes : Buffer.concat([bytes.subarray(0, end), pass]);
  }

  pass(bytes: Buffer): Uint8Array | null {
    try {
      const watched = this.#second.push(bytes);
      if (!watched.ok) throw helloRefusal(watched.error);
      if (watched.value.hello !== null) this.#check(watched.value.hello);
      return watched.value.pass;
    } catch (error) {
      this.refusal = refusalOf(error);
      return null;
    }
  }
}

/** A fatal `access_denied` alert (RFC 8446 section 6.2): the client's TLS library says so instead of "reset". */
export const TLS_ACCESS_DENIED = Buffer.from([21, 3, 3, 0, 2, 2, 49]);
