/** What a fleet keeps in NATS: the latest order in a bucket, and in an object store what is too large for a message, by digest. */

import type { ObjectStore } from '@nats-io/obj';
import type { Connected } from './connection.ts';
import type { placesOf } from './messages.ts';
import { digestOf } from './policy-archive.ts';

type Places = ReturnType<typeof placesOf>;

/** Longest that one message of NATS is waited for, and a whole object: what is not answered must not hold up what comes after it. */
const ANSWER_MS = 10_000;
const OBJECT_MS = 120_000;

/** Most bytes of one object. */
const MAX_OBJECT = 1024 * 1024 * 1024;

/** The hub's side: makes what is missing. */
export async function putOrder({ buckets }: Connected, places: Places, sealed: Uint8Array): Promise<void> {
  const bucket = await within(ANSWER_MS, buckets.create(places.orders, { history: 1 }));
  await within(ANSWER_MS, bucket.put(places.orderKey, sealed));
}

/** Null when there is none yet. */
export async function readOrder({ buckets }: Connected, places: Places): Promise<Uint8Array | null> {
  const bucket = await within(ANSWER_MS, buckets.open(places.orders));
  return (await within(ANSWER_MS, bucket.get(places.orderKey)))?.value ?? null;
}

/** Puts it there unless it is; drops what is not in `keep`. */
export async function putObjects(
  { objects }: Connected,
  places: Places,
  blobs: readonly { readonly digest: string; readonly bytes: Uint8Array }[],
  keep: ReadonlySet<string>,
): Promise<void> {
  const store = await within(ANSWER_MS, objects.create(places.files));
  const there = await within(ANSWER_MS, namesIn(store));
  for (const { digest, bytes } of blobs) {
    if (!there.has(digest)) await within(OBJECT_MS, store.putBlob({ name: digest }, bytes));
  }
  for (const name of there) if (!keep.has(name)) await within(ANSWER_MS, store.delete(name));
}

/** Rejects when it is not there, or is not what its digest says. */
export async function readObject(
  { objects }: Connected,
  places: Places,
  { digest, bytes: size }: { readonly digest: string; readonly bytes: number },
): Promise<Uint8Array> {
  if (size > MAX_OBJECT) throw new Error(`an object of ${size} bytes is larger than is taken`);
  const store = await within(ANSWER_MS, objects.open(places.files));
  const info = await within(ANSWER_MS, store.info(digest));
  if (info === null || info.deleted || info.size !== size) throw new Error('an object of the fleet is not there');
  const bytes = await within(OBJECT_MS, store.getBlob(digest));
  if (bytes === null || bytes.length !== size || digestOf(bytes) !== digest)
    throw new Error('an object of the fleet is not what its digest says');
  return bytes;
}

/** Rejects when it takes longer: the library waits for good where a connection ends in the middle of an object. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`NATS did not answer within ${ms / 1000} s`)), ms).unref();
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function namesIn(store: ObjectStore): Promise<Set<string>> {
  const list = await store.list();
  return new Set(list.filter(({ deleted }) => !deleted).map(({ name }) => name));
}
