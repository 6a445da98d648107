/** Which walls would stand round isolate hosts on this machine, tried for real; for `doctor`. */

import { hostFiles } from './host-files.ts';
import { findMemoryGroups } from './memory-group.ts';
import { probeWall, type Wall } from './walls.ts';

export interface WallsHere {
  readonly wall: Wall;
  /** `cgroup`: the kernel bounds a host's memory, behind the watchdog, which alone stands elsewhere. */
  readonly memory: 'cgroup' | 'watchdog';
}

export function wallsHere(): WallsHere {
  const { wall } = probeWall(hostFiles(), 'bubblewrap');
  return { wall, memory: findMemoryGroups() === null ? 'watchdog' : 'cgroup' };
}
