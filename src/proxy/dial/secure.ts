/** TLS over a connection that was made: verified strictly, within a time. */

import type { Socket } from 'node:net';
import { checkServerIdentity, connect, type PeerCertificate, type SecureContext, type TLSSocket } from 'node:tls';
import { letGo } from '../let-go.ts';
import { Refusal } from '../refusal.ts';
import { watchEnd } from './tls-end.ts';

export interface Securing {
  /** Whom the certificate must be for. */
  readonly name: string;
  /** `name` is an address, which is not said as SNI (RFC 6066 section 3). */
  readonly isAddress: boolean;
  readonly alpn: readonly string[];
  readonly trust: SecureContext;
  readonly timeoutMs: number;
  /** A ticket of the same host and pass, never of another (T-07). */
  readonly session?: Buffer | null;
  readonly onSession?: (session: Buffer) => void;
}

/** Rejects with a `Refusal`; the connection is gone then. */
export function secure(socket: Socket, securing: Securing): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const { name, isAddress, alpn, trust, timeoutMs, session, onSession } = securing;
    const tls = connect({
      socket,
      host: name,
      servername: isAddress ? '' : name,
      ALPNProtocols: [...alpn],
      rejectUnauthorized: true,
      checkServerIdentity: identityProblem,
      secureContext: trust,
      ...(session ? { session } : {}),
    });
    letGo(tls);
    watchEnd(tls, socket);
    const late = setTimeout(() => tls.destroy(new Refusal('upstream_timeout', 'tls')), timeoutMs);
    const failed = (error: Error): void => {
      clearTimeout(late);
      socket.destroy();
      reject(error instanceof Refusal ? error : new Refusal('upstream_tls_invalid', tlsWord(error)));
    };
    const closed = (): void => failed(new Refusal('upstream_tls_invalid', 'closed'));
    tls.once('error', failed);
    // A connection that is destroyed below it closes without an error.
    tls.once('close', closed);
    if (onSession) tls.on('session', onSession);
    tls.once('secureConnect', () => {
      clearTimeout(late);
      tls.off('error', failed).off('close', closed);
      resolve(tls);
    });
  });
}

/** Node falls back to the common name where no subjectAltName says a name, which nothing may (RFC 9525 section 6.3). */
function identityProblem(name: string, certificate: PeerCertificate): Error | undefined {
  if (certificate.subjectaltname !== undefined) return checkServerIdentity(name, certificate);
  return Object.assign(new Error('no subjectAltName'), { code: 'NO_SUBJECT_ALT_NAME' });
}

/** A fixed word for the record, from OpenSSL's and Node's codes; from OpenSSL's fixed words where Node has no code for them. */
function tlsWord(error: NodeJS.ErrnoException): string {
  const code = error.code === 'UNSPECIFIED' ? error.message.replaceAll(' ', '_').toUpperCase() : (error.code ?? '');
  if (/^[A-Z0-9_]{3,60}$/.test(code)) return code.toLowerCase();
  return 'handshake';
}
