/**
 * Two lanes of changes: those of controls, which cut, and the others, which may take their time (a reload, an edit of
 * rules, retention). In each, one act runs after another. The others stand back whenever a control is being changed, and
 * between two of them requests that came meanwhile are read first: acts that compute without a pause would run as one.
 */

import { setImmediate } from 'node:timers/promises';

type InTurn = <T>(act: () => Promise<T>) => Promise<T>;

export interface Lanes {
  readonly controlsInTurn: InTurn;
  readonly othersInTurn: InTurn;
}

/** A connection is accepted in one turn of the event loop, its head read in the next, its body in the next. */
const TURNS_OF_A_REQUEST = 6;

export function lanes(): Lanes {
  let changing = 0;
  let controls: Promise<unknown> = Promise.resolve();
  let others: Promise<unknown> = Promise.resolve();
  const stoodBack = async () => {
    for (let i = 0; i < TURNS_OF_A_REQUEST; i += 1) await setImmediate();
    while (changing > 0) await controls;
  };
  return {
    controlsInTurn: (act) => {
      changing += 1;
      const next = controls.then(act).finally(() => {
        changing -= 1;
      });
      controls = next.catch(() => undefined);
      return next;
    },
    othersInTurn: (act) => {
      const next = others.then(stoodBack).then(act);
      others = next.catch(() => undefined);
      return next;
    },
  };
}
