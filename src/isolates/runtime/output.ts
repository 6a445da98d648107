/** The budget of bytes that a task may say: result and logs together. Held here, so that excess never crosses. */

import { bridge } from './bridge.ts';
import { endFinalizers } from './finalizers.ts';

let left = 0;
let exceeded = false;

function budget(bytes: number): void {
  left = bytes;
}

/** False, and the task is over, when it would be too much. */
function take(bytes: number): boolean {
  left -= bytes;
  if (left >= 0) return true;
  endFinalizers();
  if (!exceeded) bridge.current.hear('fail', 'output_exceeded', '{}');
  exceeded = true;
  return false;
}

export const output = { budget, take, left: () => left };
