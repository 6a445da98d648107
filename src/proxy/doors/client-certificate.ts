/** The certificate of a client, as TLS verified it on this connection. */

import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../../core/ports.ts';
import { subjectNames } from '../../wire/subject-names.ts';
import type { Gate } from '../gate.ts';

/**
 * Reads it when it is first asked for, and not again: a connection has one, resumed or not, as nothing is renegotiated.
 * Undefined where no certificate stands for a pass.
 */
export function certificateReader(
  { clients }: Pick<Gate, 'clients'>,
  socket: Duplex,
): (() => ClientCertificate | null) | undefined {
  if (clients === null || !(socket instanceof TLSSocket)) return undefined;
  let read: ClientCertificate | null | undefined;
  return () => {
    read ??= certificateOf(socket);
    return read;
  };
}

function certificateOf(socket: TLSSocket): ClientCertificate | null {
  if (!socket.authorized) return null;
  const found = socket.getPeerX509Certificate();
  if (found === undefined) return null;
  const { fingerprint256, subjectAltName = '', validToDate } = found;
  const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase();
  return { fingerprint, names: subjectNames(subjectAltName), expiresAt: validToDate.getTime() };
}
