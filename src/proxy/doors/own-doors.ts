/** Our own doors as destination (T-47): the gate must not be a way to its own admin API or to itself. */

import { networkInterfaces } from 'node:os';
import { classifyAddress, ipText, parseIp } from '../../core/ip-address.ts';

export interface DoorAddress {
  readonly host: string;
  readonly port: number;
}

export class OwnDoors {
  readonly #doors: DoorAddress[] = [];
  readonly #extra: () => readonly DoorAddress[];

  /** `extra` names doors of other parts (gateway, admin), which start after the proxy. */
  constructor(extra: () => readonly DoorAddress[] = () => []) {
    this.#extra = extra;
  }

  add(door: DoorAddress): void {
    this.#doors.push(door);
  }

  /** True when the address and port reach one of our doors from this machine. */
  reaches(address: string, port: number): boolean {
    const there = (door: DoorAddress): boolean => door.port === port;
    const extra = this.#extra();
    if (!this.#doors.some(there) && !extra.some(there)) return false;
    const all = [...this.#doors, ...extra].filter(there);
    const ip = parseIp(address);
    if (!ip) return true;
    const local = isLocal(ipText(ip));
    return all.some((door) => door.host === address || (local && bindsLocal(door.host)));
  }
}

/** An unspecified or loopback door is reached by any local address in some spelling; refuse them all. */
function bindsLocal(host: string): boolean {
  const ip = parseIp(host);
  if (!ip) return true;
  const kind = classifyAddress(ip);
  return kind === 'unspecified' || kind === 'loopback';
}

function isLocal(address: string): boolean {
  const ip = parseIp(address);
  if (!ip) return true;
  const kind = classifyAddress(ip);
  if (kind === 'loopback' || kind === 'unspecified') return true;
  return Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.address === address));
}
