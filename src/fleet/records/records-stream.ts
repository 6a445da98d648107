/** The stream that records go up by: its name, its subjects, how long it keeps them and how much one message may hold. */

import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { ShipmentLimits } from '../../audit/mirror/next-shipment.ts';

/** Entries of one message, and their bytes: a few milliseconds of work, so that nothing else waits long for its turn. */
const MOST: ShipmentLimits = { entries: 512, bytes: 240 * 1024 };
/** What a message has besides: its signed checkpoint and its proof, its subject and its headers. */
const BESIDES = 8 * 1024;
/** Repeats of a message are found for so long. */
const DUPLICATES_MS = 120_000;
const NANOS = 1_000_000;

export interface RecordsPlaces {
  readonly stream: string;
  /** Of all nodes. */
  readonly subjects: string;
  /** Where a node is told how far its mirror has come. */
  readonly where: string;
}

export function recordsPlaces(fleet: string): RecordsPlaces {
  return {
    stream: `locktender-${fleet}-records`,
    subjects: `locktender.${fleet}.records.*`,
    where: `locktender.${fleet}.where`,
  };
}

/** Dots part the tokens of a subject; names of nodes have them, and no underscores. */
export function recordsSubject(fleet: string, node: string): string {
  return `locktender.${fleet}.records.${node.replaceAll('.', '_')}`;
}

export function nodeOfSubject(subject: string): string {
  return (subject.split('.').at(-1) ?? '').replaceAll('_', '.');
}

/** What one shipment may hold on a server that takes messages of `maxPayload` bytes. */
export function limitsFor(maxPayload: number): ShipmentLimits {
  return { entries: MOST.entries, bytes: Math.max(1, Math.min(MOST.bytes, maxPayload - BESIDES)) };
}

/**
 * The stream, made where there is none. A full one refuses what is new in place of dropping what is old: the nodes' own logs keep
 * what it does not take.
 */
export async function openRecordsStream(
  manager: JetStreamManager,
  { stream, subjects }: RecordsPlaces,
  retentionDays: number,
): Promise<StreamInfo> {
  const settings = {
    subjects: [subjects],
    max_age: retentionDays * 86_400_000 * NANOS,
    duplicate_window: DUPLICATES_MS * NANOS,
    discard: 'new' as const,
  };
  const known = await manager.streams.info(stream).catch((error: unknown) => {
    if (isNotFound(error)) return null;
    throw error;
  });
  if (known === null) return await manager.streams.add({ name: stream, storage: 'file', ...settings });
  if (known.config.max_age === settings.max_age) return known;
  return await manager.streams.update(stream, settings);
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 404 || error.code === 10059);
}
