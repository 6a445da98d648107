/**
 * Fields as a way out of a task that may only read (T-37): what they say for the first time counts against its leak budget.
 * What a host was told before by the same field, such as a bearer token, carries nothing more.
 */

import { LRUCache } from 'lru-cache';
import { ownText } from '../../core/own-text.ts';
import type { Exchange } from '../exchange.ts';
import { joined } from '../fields.ts';
import { fieldLeak } from './leak.ts';

/** A request may say so much for nothing: an entity tag, a trace id or a signature is made anew each time. */
const FREE = 128;
/** Hosts of tasks whose fields are known. */
const MOST = 2048;
/** Longer values are not kept: they count each time. */
const LONGEST = 16_384;
/** Bytes of values of all of them. */
const MOST_KEPT = 16 * 1024 * 1024;

/** Said to nobody but the proxy, or by the target already. */
const NOT_SENT = new Set(['host', 'connection', 'content-length', 'proxy-authorization', 'proxy-connection']);

type Told = ReadonlyMap<string, string>;

/** The fields of one request, and to whom. */
export interface Said extends Pick<Exchange, 'tenant' | 'task' | 'host'> {
  readonly headers: Exchange['order']['headers'];
}

export interface FieldLeak {
  readonly bytes: number;
  /** Those of the fields that say something new. */
  readonly news: Said['headers'];
  /** Remembers what was said, once it counted. */
  keep(): void;
}

/** What tasks said by fields: kept in this process, or asked of the one that keeps it. */
export interface FieldBook {
  of(said: Said): FieldLeak | Promise<FieldLeak>;
}

export class FieldLeaks implements FieldBook {
  readonly #told = new LRUCache<string, Told>({ max: MOST, maxSize: MOST_KEPT, sizeCalculation: sizeOf });

  of({ tenant, task, host, headers }: Said): FieldLeak {
    const key = `${tenant}\0${task}\0${host}`;
    const told = this.#told.get(key);
    const news = new Map<string, string>();
    const unheard: [string, string][] = [];
    let bytes = 0;
    for (const [sent, single] of headers) {
      if (told?.get(sent) === single) continue;
      const name = sent.toLowerCase();
      if (NOT_SENT.has(name) || news.has(name)) continue;
      // A cookie may come in crumbs, a field of each.
      const value = joined(headers, name);
      const before = told?.get(name) ?? '';
      bytes += fieldLeak(value, before);
      if (value === before) continue;
      unheard.push([sent, value]);
      if (value.length <= LONGEST) news.set(name, value).set(sent, value);
    }
    const keep = () => void (news.size > 0 && this.#told.set(key, new Map([...(told ?? []), ...owned(news)])));
    return { bytes: Math.max(0, bytes - FREE), news: unheard, keep };
  }
}

/** What is counted is all that is kept: not the heads that these stood in (T-48). */
function owned(news: Told): [string, string][] {
  return [...news].map(([name, value]) => [ownText(name), ownText(value)]);
}

function sizeOf(told: Told): number {
  let size = 64;
  for (const [name, value] of told) size += name.length + value.length;
  return size;
}
