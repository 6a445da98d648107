/** Of the `location` that tool code may give itself; empty where there is none. */
export function ownOrigin(): string {
  const { location } = globalThis as { location?: { origin?: unknown } };
  return typeof location?.origin === 'string' ? location.origin : '';
}
