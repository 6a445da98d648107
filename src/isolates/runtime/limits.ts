/** Bounds of what crosses the boundary at once, and how this runtime is called. */

/** Bytes of one piece of a body. */
export const LIMIT_CHUNK = 256 * 1024;
/** Bytes of a request body that go along with the request itself. */
export const LIMIT_INLINE = 256 * 1024;
/** Of `navigator`, and of requests that name none. */
export const USER_AGENT = 'Locktender';
