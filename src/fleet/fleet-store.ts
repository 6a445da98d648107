/** What a fleet keeps in NATS: the latest order in a bucket, and in an object store what is too large for a message, by digest. */

import type { ObjectStore } from '@nats-io/obj';
import type { Connected } from './connection.ts';
import type { placesOf } from './messages.ts';
import { digestOf } from './policy-archive.ts';
import { within } from './within.ts';

type Places = ReturnType<typeof placesOf>;

/** Longest that one message of NATS is waited for, and a whole object: what is not answered must not hold up what comes after it. */
const ANSWER_MS = 10_000;
const OBJECT_MS = 120_000;

/** Most bytes of one object. */
const MAX_OBJECT = 1024 * 1024 * 1024;

/** The hub's side: makes what is missing. Nothing is waited for once `stop` is aborted, here and below. */
export async function putOrder(
  { buckets }: Connected,
  places: Places,
  { sealed, stop }: { readonly sealed: Uint8Array; readonly stop: AbortSignal },
): Promise<void> {
  const bucket = await within(ANSWER_MS, buckets.create(places.orders, { history: 1 }), stop);
  await within(ANSWER_MS, bucket.put(places.orderKey, sealed), stop);
}

/** Null when there is none yet. */
export async function readOrder({ buckets }: Connected, places: Places): Promise<Uint8Array | null> {
  const bucket = await within(ANSWER_MS, buckets.open(places.orders));
  return (await within(ANSWER_MS, bucket.get(places.orderKey)))?.value ?? null;
}

interface Blobs {
  readonly blobs: readonly { readonly digest: string; readonly bytes: Uint8Array }[];
  readonly stop: AbortSignal;
}

/** Puts there what is not; drops everything else. */
export async function putObjects({ objects }: Connected, places: Places, { blobs, stop }: Blobs): Promise<void> {
  const keep = new Set(blobs.map(({ digest }) => digest));
  const store = await within(ANSWER_MS, objects.create(places.files), stop);
  const there = await within(ANSWER_MS, namesIn(store), stop);
  for (const { digest, bytes } of blobs) {
    if (!there.has(digest)) await within(OBJECT_MS, store.putBlob({ name: digest }, bytes), stop);
  }
  for (const name of there) if (!keep.has(name)) await within(ANSWER_MS, store.delete(name), stop);
}

/** Rejects when it is not there, or is not what its digest says. */
export async function readObject(
  { objects }: Connected,
  places: Places,
  { digest, bytes: size, stop }: { readonly digest: string; readonly bytes: number; readonly stop: AbortSignal },
): Promise<Uint8Array> {
  if (size > MAX_OBJECT) throw new Error(`an object of ${size} bytes is larger than is taken`);
  const store = await within(ANSWER_MS, objects.open(places.files), stop);
  const info = await within(ANSWER_MS, store.info(digest), stop);
  if (info === null || info.deleted || info.size !== size) throw new Error('an object of the fleet is not there');
  const bytes = await within(OBJECT_MS, store.getBlob(digest), stop);
  if (bytes === null || bytes.length !== size || digestOf(bytes) !== digest)
    throw new Error('an object of the fleet is not what its digest says');
  return bytes;
}

async function namesIn(store: ObjectStore): Promise<Set<string>> {
  const list = await store.list();
  return new Set(list.filter(({ deleted }) => !deleted).map(({ name }) => name));
}
