/** A node's own record on its way to the hub: a connection, the stream, and the shipper that reads the log. */

import { ShipCursorKeeper } from '../../audit/mirror/ship-cursor.ts';
import { type MirrorPosition, Shipper, type ShipperStatus } from '../../audit/mirror/shipper.ts';
import type { Clock, Log, Meter } from '../../core/ports.ts';
import type { Documents } from '../../store/documents.ts';
import type { FleetConnection } from '../connection.ts';
import { limitsFor, recordsPlaces, recordsSubject } from './records-stream.ts';

export interface ShippingOptions {
  readonly fleet: string;
  readonly node: string;
  /** Directory of the log. */
  readonly dir: string;
  /** Where the cursor is kept. */
  readonly documents: Documents;
  /** Closed with the shipping. */
  readonly connection: FleetConnection;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  /** 30 s. */
  readonly resendMs?: number;
  /** The very first shipment waits until the hub has been heard of: before it knows this node, it takes nothing. */
  readonly waits?: boolean;
}

export interface Shipping {
  status(): ShipperStatus;
  heard(position: MirrorPosition): Promise<void>;
  close(): Promise<void>;
}

/** NATS's own default, until a server says what it takes. */
const MAX_PAYLOAD = 1024 * 1024;
const WINDOW = 8;
const STORED_MS = 10_000;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;
const RESEND_MS = 30_000;

export function startShipping(options: ShippingOptions): Shipping {
  const { fleet, node, connection, dir, documents, pollMs, clock, log, meter } = options;
  const subject = recordsSubject(fleet, node);
  const { stream } = recordsPlaces(fleet);
  const shipper = new Shipper({
    ...{ dir, documents, pollMs, clock, log, meter },
    window: WINDOW,
    backoffMs: FIRST_BACKOFF_MS,
    maxBackoffMs: MAX_BACKOFF_MS,
    resendMs: options.resendMs ?? RESEND_MS,
    limits: () => limitsFor(connection.current()?.nats.info?.max_payload ?? MAX_PAYLOAD),
    send: async (bytes, id) => {
      const connected = connection.current();
      if (connected === null) throw new Error('NATS cannot be reached');
      const expect = { streamName: stream };
      await connected.jetstream.publish(subject, bytes, { msgID: `${node}-${id}`, timeout: STORED_MS, expect });
    },
  });
  if (!options.waits || new ShipCursorKeeper(documents).begun) shipper.start();
  return {
    status: () => shipper.status(),
    heard: (position) => {
      shipper.start();
      return shipper.heard(position);
    },
    close: async () => {
      // First the connection: what waits for an answer of the stream ends with it.
      await connection.close();
      await shipper.close();
    },
  };
}
