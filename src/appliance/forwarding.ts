/** The receivers of the record, as they are configured. */

import { exportLine } from '../audit/export.ts';
import { CursorKeeper } from '../audit/forward/cursor.ts';
import { Forwarder, type ForwarderStatus } from '../audit/forward/forwarder.ts';
import { httpSink } from '../audit/forward/http-sink.ts';
import { otlpAccepted, otlpBatch } from '../audit/forward/otlp-body.ts';
import type { ForwardEntry, ForwardSink } from '../audit/forward/sink.ts';
import { syslogSink } from '../audit/forward/syslog-sink.ts';
import { webhookBatch } from '../audit/forward/webhook-body.ts';
import type { ForwardConfig } from '../config/forward-keys.ts';
import type { Core } from './open-core.ts';
import { receiverFiles } from './receiver-files.ts';

type Parts = Pick<Core, 'audit' | 'clock' | 'config' | 'log' | 'meter' | 'state' | 'version'>;

export interface ReceiverStatus extends ForwarderStatus {
  readonly kind: ForwardConfig['kind'];
  /** Scheme, host and port; the rest of a URL may be a secret. */
  readonly to: string;
}

export interface Forwarding {
  status(): ReceiverStatus[];
  close(): Promise<void>;
}

const FIRST_BACKOFF_MS = 500;

/** Throws `StartRefused` when a file of a receiver cannot be read. */
export function startForwarding(parts: Parts): Forwarding {
  const { audit, clock, config, log, meter, state } = parts;
  const all = config.audit.forward.map((own) => {
    const forwarder = new Forwarder({
      name: own.name,
      dir: audit.dir,
      cursor: new CursorKeeper(state.documents, own.name),
      sink: sinkOf(own, parts),
      start: own.start,
      refused: own.refused,
      batchEntries: own.batch_entries,
      batchBytes: own.batch_bytes,
      pollMs: config.audit.checkpoint_ms,
      backoffMs: Math.min(FIRST_BACKOFF_MS, own.max_backoff_ms),
      maxBackoffMs: own.max_backoff_ms,
      ...{ clock, log, meter },
    });
    return { own, forwarder };
  });
  for (const { forwarder } of all) forwarder.start();
  return {
    status: () =>
      all.map(({ own, forwarder }) => ({ ...forwarder.status(), kind: own.kind, to: shownTarget(new URL(own.url)) })),
    close: async () => {
      await Promise.all(all.map(({ forwarder }) => forwarder.close()));
    },
  };
}

function sinkOf(own: ForwardConfig, { clock, config, version }: Parts): ForwardSink {
  const url = new URL(own.url);
  const line = ({ seq, text }: ForwardEntry) => exportLine(seq, text, own.format);
  const tls = receiverFiles(own);
  const deadlineMs = own.deadline_ms;
  if (own.kind === 'syslog') {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const at = { transport: transportOf(url), host, port: Number(url.port) };
    return syslogSink({ ...at, facility: own.facility, format: line, ack: own.ack, tls, deadlineMs });
  }
  const http = { url, headersFile: own.headers_file ?? null, gzip: own.gzip, tls, deadlineMs };
  if (own.kind === 'otlp') {
    const encode = (entries: readonly ForwardEntry[]) => otlpBatch(entries, version, clock.now());
    return httpSink({ ...http, encode, accepted: otlpAccepted });
  }
  const { origin } = config.audit;
  const encode = (entries: readonly ForwardEntry[]) => webhookBatch(entries, { format: own.format, line, origin });
  return httpSink({ ...http, encode, accepted: () => ({ rejected: 0 }) });
}

function transportOf({ protocol }: URL): 'tcp' | 'tls' | 'udp' {
  return protocol === 'tls:' ? 'tls' : protocol === 'udp:' ? 'udp' : 'tcp';
}

function shownTarget({ protocol, host }: URL): string {
  return `${protocol}//${host}`;
}
