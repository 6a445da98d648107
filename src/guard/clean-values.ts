/**
 * What held nothing when it was searched: fields of a request say the same again and again. Only hashes are kept, of what held
 * nothing under the rules of one guard, so that an answer is never another than a search would give.
 */

import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import type { LayeredScan } from '../dlp/scan-layers.ts';

const MOST = 8192;
/** A longer one is searched: it seldom comes again. */
const LONGEST = 8192;

interface Place {
  readonly host: string;
  readonly tool: string;
}

export class CleanValues {
  readonly #known = new LRUCache<string, true>({ max: MOST });
  /** Hosts and tools of which rules make exceptions: elsewhere the place makes no difference. */
  readonly #hosts: ReadonlySet<string>;
  readonly #tools: ReadonlySet<string>;

  constructor({ rules }: RuleSet) {
    this.#hosts = new Set(rules.flatMap(({ spec }) => spec.allow.hosts));
    this.#tools = new Set(rules.flatMap(({ spec }) => spec.allow.tools));
  }

  /** What an answer depends on beside the value and the rules. */
  placeOf({ host, tool }: Place): string {
    return `${this.#hosts.has(host) ? host : ''} ${this.#tools.has(tool) ? tool : ''}`;
  }

  /** What `search` comes to, which is asked where nobody knows. */
  among(value: Buffer, place: Place, search: () => LayeredScan): LayeredScan {
    if (value.length > LONGEST) return search();
    const key = `${hash('sha256', value, 'base64')} ${this.placeOf(place)}`;
    if (this.#known.get(key) === true) return NOTHING;
    const scan = search();
    if (heldNothing(scan)) this.#known.set(key, true);
    return scan;
  }
}

const NOTHING: LayeredScan = { found: [], isWhole: true };

export function heldNothing({ found, isWhole }: LayeredScan): boolean {
  return isWhole && found.length === 0;
}
