/** What a process and everything below it has used, from /proc. */

import { readdirSync, readFileSync } from 'node:fs';

/** Microseconds of one clock tick of /proc/PID/stat. */
const TICK_US = 10_000;

/** CPU microseconds of the process and its living descendants, threads that ended included; in steps of 10 ms. */
export function cpuOf(pid: number): number {
  let ticks = 0;
  for (const one of family(pid)) {
    // The name, in parentheses, may hold anything; user and system time are the 12th and 13th field behind it.
    const fields = read(`/proc/${one}/stat`).split(') ').at(-1)?.split(' ') ?? [];
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks * TICK_US;
}

/** Resident bytes that are not shared, of the process and its descendants. */
export function memoryOf(pid: number): number {
  let sum = 0;
  for (const one of family(pid)) {
    const row = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${one}/smaps_rollup`));
    sum += Number(row?.[1] ?? 0) * 1024;
  }
  return sum;
}

function family(pid: number): number[] {
  const out = [pid];
  for (const thread of entries(`/proc/${pid}/task`)) {
    for (const child of read(`/proc/${pid}/task/${thread}/children`).split(' ')) {
      if (child.trim() !== '') out.push(...family(Number(child)));
    }
  }
  return out;
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
