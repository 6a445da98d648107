/** `/etc/hosts`, read once and again when it changes: names that an operator pinned on this machine. */

import { readFileSync, statSync } from 'node:fs';
import { parseHost } from '../../core/host.ts';
import { ipText, parseIp } from '../../core/ip-address.ts';

export class HostsFile {
  readonly #path: string;
  #mtime = -1;
  #checked = Number.NEGATIVE_INFINITY;
  #names: ReadonlyMap<string, readonly string[]> = new Map();

  readonly #fixed: ReadonlyMap<string, readonly string[]>;

  /** `fixed`: answers of the configuration, canonical name to addresses; they come before the file's. */
  constructor(path: string, fixed: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.#path = path;
    this.#fixed = fixed;
  }

  /** Addresses of a canonical name; null when the file does not name it. `now` in monotonic ms. */
  lookup(name: string, now: number): readonly string[] | null {
    const fixed = this.#fixed.get(name);
    if (fixed !== undefined) return fixed;
    if (now - this.#checked > 2000) this.#reload(now);
    return this.#names.get(name) ?? null;
  }

  #reload(now: number): void {
    this.#checked = now;
    try {
      const { mtimeMs } = statSync(this.#path);
      if (mtimeMs === this.#mtime) return;
      this.#names = parseHostsFile(readFileSync(this.#path, 'utf8'));
      this.#mtime = mtimeMs;
    } catch {
      this.#names = new Map();
      this.#mtime = -1;
    }
  }
}

/** Lines of `address name…`; what does not parse is left out. */
export function parseHostsFile(text: string): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...rest] = line.replace(/#.*/, '').trim().split(/\s+/);
    const ip = parseIp(address);
    if (!ip) continue;
    for (const name of rest) add(names, name, ipText(ip));
  }
  return names;
}

function add(names: Map<string, string[]>, name: string, address: string): void {
  const host = parseHost(name);
  if (!host.ok || host.value.kind !== 'name') return;
  const held = names.get(host.value.name);
  if (held === undefined) names.set(host.value.name, [address]);
  else if (!held.includes(address)) held.push(address);
}
