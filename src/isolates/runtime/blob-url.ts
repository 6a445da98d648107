/** `blob:` URLs (File API, section 8): names for blobs within the isolate, which `fetch` reads where nothing is asked. */

import { type Blob, isBlob } from './blob.ts';
import { ownOrigin } from './own-origin.ts';
import { randomUuid } from './uuid.ts';

const named = new Map<string, Blob>();

export function createObjectURL(blob: unknown): string {
  if (!isBlob(blob)) throw new TypeError('createObjectURL takes a Blob');
  const url = `blob:${ownOrigin() || 'null'}/${randomUuid()}`;
  named.set(url, blob);
  return url;
}

/** What stands for nothing is passed over in silence. */
export function revokeObjectURL(url: unknown): void {
  named.delete(String(url));
}

/** @param href of a parsed URL */
export function blobNamed(href: string): Blob | null {
  return href.startsWith('blob:') ? (named.get(href.split('#', 1)[0] as string) ?? null) : null;
}
