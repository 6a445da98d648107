/** What the kernel says of another process, read again and again without opening its files anew. */

import { closeSync, openSync, readSync } from 'node:fs';

const PAGE = 4096;
/** `USER_HZ` is 100 on every Linux that Node runs on. */
const TICK_MS = 10;
const BUFFER = Buffer.alloc(1024);

export class ProcessFigures {
  readonly #stat: number | null;
  readonly #memory: number | null;

  constructor(pid: number) {
    this.#stat = opened(`/proc/${pid}/stat`);
    this.#memory = opened(`/proc/${pid}/statm`);
  }

  /** CPU time so far, ms; 0 when it cannot be read. */
  cpuMs(): number {
    const stat = read(this.#stat);
    // The second field is a name that may hold blanks; user and system time are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 13);
    return fields.length === 13 ? (Number(fields[11]) + Number(fields[12])) * TICK_MS : 0;
  }

  /** Bytes that are resident; 0 when it cannot be read. */
  residentBytes(): number {
    return Number(read(this.#memory).split(' ', 2)[1] ?? 0) * PAGE;
  }

  close(): void {
    for (const file of [this.#stat, this.#memory]) if (file !== null) closeSync(file);
  }
}

function opened(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch {
    return null;
  }
}

/** From its start: the kernel makes the text anew. Empty when the process is gone. */
function read(file: number | null): string {
  if (file === null) return '';
  try {
    return BUFFER.toString('latin1', 0, readSync(file, BUFFER, 0, BUFFER.length, 0));
  } catch {
    return '';
  }
}
