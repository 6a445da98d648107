/** Bounds of what crosses the boundary at once. */

/** Bytes of one piece of a body. */
export const LIMIT_CHUNK = 256 * 1024;
/** Bytes of a request body that go along with the request itself. */
export const LIMIT_INLINE = 256 * 1024;
