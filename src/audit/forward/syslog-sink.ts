/**
 * Syslog receivers over TLS (RFC 5425), TCP (RFC 6587) and, where it was asked for, UDP (RFC 5426).
 *
 * Syslog has no acknowledgement, and what a socket took may never have been read. So over TCP and TLS a batch is one
 * connection: we send, wait a round trip, close our side, and count the batch as delivered when the receiver closes its
 * side after that without an error, which it does when it has read to the end; unread bytes make its kernel send a reset.
 *
 * KNOWN GAP: whoever forges a FIN on the path after ours ends TLS as the receiver would: Node does not say which it was.
 */

import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Delivered, ForwardEntry, ForwardSink } from './sink.ts';
import { SinkFailure, unreachable } from './sink.ts';
import { counted, type SyslogHeader, syslogMessage } from './syslog-message.ts';

export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface SyslogOptions extends SyslogHeader {
  readonly transport: 'tcp' | 'tls' | 'udp';
  readonly host: string;
  readonly port: number;
  /** `write`: what the socket took counts as delivered; for receivers that never close. */
  readonly ack: 'close' | 'write';
  readonly tls: TlsFiles;
  /** For one batch, from the connection on. */
  readonly deadlineMs: number;
}

const LEAST_SETTLE_MS = 5;
/** Payload of a datagram over IPv4. */
const MAX_DATAGRAM = 65_507;

export function syslogSink(options: SyslogOptions): ForwardSink {
  const send = options.transport === 'udp' ? datagrams : stream;
  return {
    send: (entries, signal) => send(options, entries, signal),
    close: () => undefined,
  };
}

function stream(options: SyslogOptions, entries: readonly ForwardEntry[], signal: AbortSignal): Promise<Delivered> {
  const bytes = Buffer.concat(entries.map((entry) => counted(syslogMessage(entry, options))));
  const { ack, deadlineMs } = options;
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const socket = opened(options);
    let ending = false;
    const settle = (failure: SinkFailure | null) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      socket.destroy();
      if (failure === null) resolve({ rejected: 0 });
      else reject(failure);
    };
    const aborted = () => settle(new SinkFailure('unreachable', 'stopped'));
    const late = () => settle(ending ? neverClosed() : new SinkFailure('timeout', `not sent within ${deadlineMs} ms`));
    const timer = setTimeout(late, deadlineMs);
    signal.addEventListener('abort', aborted, { once: true });
    socket.on('error', (error) => settle(unreachable(error)));
    socket.on('end', () => settle(ending ? null : new SinkFailure('unacknowledged', 'it closed before we did')));
    socket.on('close', () => settle(new SinkFailure('unacknowledged', 'the connection was lost')));
    socket.on('finish', () => {
      if (ack === 'write') settle(null);
    });
    // Whatever it says is read and dropped: unread, it would keep its close from being seen.
    socket.resume();
    socket.once(options.transport === 'tls' ? 'secureConnect' : 'connect', () => {
      const roundTrip = performance.now() - began;
      // A close that was under way when the batch arrived is seen within a round trip, before ours.
      const end = () => {
        ending = true;
        socket.end();
      };
      socket.write(bytes, () => setTimeout(end, Math.max(LEAST_SETTLE_MS, roundTrip)));
    });
  });
}

function neverClosed(): SinkFailure {
  return new SinkFailure('unacknowledged', 'it did not close after us; set `ack: write` if it never does');
}

function opened({ transport, host, port, tls }: SyslogOptions): Socket {
  if (transport === 'tcp') return connectTcp({ host, port });
  const named = isIPv6(host) || /^[0-9.]+$/.test(host) ? {} : { servername: host };
  return connectTls({ host, port, minVersion: 'TLSv1.2', ...named, ...tls });
}

/** Nothing is acknowledged: what was handed to the kernel counts as delivered. */
async function datagrams(
  options: SyslogOptions,
  entries: readonly ForwardEntry[],
  signal: AbortSignal,
): Promise<Delivered> {
  const { address, family } = await lookup(options.host).catch((error: unknown) => {
    throw unreachable(error);
  });
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    for (const entry of entries) {
      signal.throwIfAborted();
      const message = Buffer.from(syslogMessage(entry, options));
      if (message.length > MAX_DATAGRAM) throw new SinkFailure('refused', 'an entry is longer than a datagram');
      await new Promise<void>((resolve, reject) => {
        socket.send(message, options.port, address, (error) => (error === null ? resolve() : reject(error)));
      });
    }
    return { rejected: 0 };
  } catch (error) {
    throw unreachable(error);
  } finally {
    socket.close();
  }
}
