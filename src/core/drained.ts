/** Waiting for room in what is written to. */

/** What is known of a stream, whichever it is. */
interface Writing {
  readonly destroyed: boolean;
  on(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
}

/** Resolves when more may be written, or nobody reads any more; at once where it is destroyed, as it tells nothing then. */
export function drained(to: Writing): Promise<void> {
  return new Promise((resolve) => {
    if (to.destroyed) return resolve();
    // Both go: a long answer waits thousands of times.
    const settle = () => {
      to.off('drain', settle);
      to.off('close', settle);
      resolve();
    };
    to.on('drain', settle);
    to.on('close', settle);
  });
}
