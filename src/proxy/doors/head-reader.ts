/**
 * Heads of the requests of one HTTP/1.x connection, in turn. From the second request on, fields that are byte for byte those
 * before are compared and not read again, and what was made of them is given again.
 */

import { type FieldsReading, HeadScan, type RequestHead, readRequestHead } from '../../wire/http-head.ts';
import { LastFields } from '../../wire/last-fields.ts';
import type { ProxySettings } from '../settings.ts';
import { AskedFields } from './asked-fields.ts';

export class HeadReader {
  readonly #maxBytes: number;
  readonly #maxFields: number;
  readonly #scan = new HeadScan();
  /** Most connections carry one request, of which nothing is to be kept. */
  #last: LastFields<FieldsReading> | undefined;
  /** What was made of its reading. */
  #asked: AskedFields | null = null;

  constructor({ maxHeadBytes, maxHeaderCount }: Pick<ProxySettings, 'maxHeadBytes' | 'maxHeaderCount'>) {
    this.#maxBytes = maxHeadBytes;
    this.#maxFields = maxHeaderCount;
  }

  /** Null while the head is not all there. */
  read(bytes: Buffer): ReturnType<typeof readRequestHead> {
    const limits = { maxBytes: this.#maxBytes, maxFields: this.#maxFields, scan: this.#scan, last: this.#last };
    return readRequestHead(bytes, limits, latin1);
  }

  /** What the fields of the head that was read last say. */
  askedBy({ headers, version }: RequestHead): AskedFields {
    if (this.#asked?.headers === headers && this.#asked.version === version) return this.#asked;
    const asked = new AskedFields(headers, version, this.#maxFields);
    // Fields that are not kept to be compared cannot come again, and a connection that waits holds nothing of them (T-48).
    this.#asked = this.#last?.reading?.headers === headers ? asked : null;
    return asked;
  }

  /** Another request may come. */
  goOn(): void {
    this.#last ??= new LastFields();
  }
}

function latin1(bytes: Uint8Array, end: number): string {
  return (bytes as Buffer).toString('latin1', 0, end);
}
