/** The keys of the members, as the hub pins them: a file with one a line, read again when it changes. */

import type { KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Log } from '../core/ports.ts';
import { parseNodeKey } from './envelope.ts';

/** Throws when a line is no key, or a node has two; says which line. */
export function parseMemberKeys(text: string): ReadonlyMap<string, KeyObject> {
  const keys = new Map<string, KeyObject>();
  for (const [n, line] of text.split('\n').entries()) {
    const said = line.replace(/#.*$/, '').trim();
    if (said === '') continue;
    const key = parseNodeKey(said);
    if (!key.ok) throw new Error(`line ${n + 1}: ${key.error}`);
    if (keys.has(key.value.node)) throw new Error(`line ${n + 1}: \`${key.value.node}\` has a key already`);
    keys.set(key.value.node, key.value.key);
  }
  return keys;
}

export class MemberKeys {
  readonly #file: string;
  readonly #log: Log;
  #stamp = '';
  #keys: ReadonlyMap<string, KeyObject> = new Map();

  /** Throws when the file cannot be read or is not valid; later that leaves the keys as they were. */
  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
    // Before it is read, so that what is written meanwhile is seen.
    this.#stamp = this.#stampNow();
    this.#keys = parseMemberKeys(readFileSync(file, 'utf8'));
  }

  all(): ReadonlyMap<string, KeyObject> {
    const stamp = this.#stampNow();
    if (stamp === this.#stamp) return this.#keys;
    this.#stamp = stamp;
    try {
      this.#keys = parseMemberKeys(readFileSync(this.#file, 'utf8'));
      this.#log.info({ members: this.#keys.size }, 'the keys of the members were read anew');
    } catch (error) {
      this.#log.error({ error, file: this.#file }, 'the keys of the members cannot be read; those of before stay');
    }
    return this.#keys;
  }

  #stampNow(): string {
    try {
      const { mtimeMs, size, ino } = statSync(this.#file);
      return `${mtimeMs} ${size} ${ino}`;
    } catch {
      return 'unreadable';
    }
  }
}
