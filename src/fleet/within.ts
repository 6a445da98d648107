/** How long NATS is waited for. */

/**
 * Rejects when it takes longer, or when `stop` says that nothing is waited for any more: the library waits for good where a
 * connection ends in the middle of an object, or is silent.
 */
export async function within<T>(ms: number, answer: Promise<T>, stop?: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>();
  const stopped = () => late.reject(new Error('NATS is not waited for: this node is being stopped'));
  const timer = setTimeout(() => late.reject(new Error(`NATS did not answer within ${ms / 1000} s`)), ms).unref();
  stop?.addEventListener('abort', stopped, { once: true });
  if (stop?.aborted) stopped();
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener('abort', stopped);
  }
}
