export interface BatchLimits {
  readonly items: number;
  readonly bytes: number;
}

/** Takes the first items of the queue that go into one call; at least one, since none is larger than a batch. */
export function takeBatch<T extends { readonly bytes: number }>(queue: T[], limits: BatchLimits): T[] {
  let bytes = 0;
  let count = 0;
  for (const item of queue) {
    if (count === limits.items || (count > 0 && bytes + item.bytes > limits.bytes)) break;
    bytes += item.bytes;
    count += 1;
  }
  return queue.splice(0, count);
}
