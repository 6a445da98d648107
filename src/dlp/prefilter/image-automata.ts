/**
 * Automata as the inner loop walks them: bytes that one does not tell apart share a column, so that its rows lie in a line or two of the
 * cache, and a row is known by where it lies.
 */

import { FIRST_ROW, STATES } from './layout.ts';

/** Rules of one expression and anchors of one stretch share theirs. */
const known = new WeakMap<Uint8Array, Uint8Array>();

/** Of rows as `LazyAutomaton.whole` gives them: the column of each byte, then the rows. */
export function packedAutomaton(automaton: Uint8Array): Uint8Array {
  let packed = known.get(automaton);
  if (packed === undefined) {
    packed = pack(automaton);
    known.set(automaton, packed);
  }
  return packed;
}

function pack(automaton: Uint8Array): Uint8Array {
  const states = (automaton.length >>> 8) - STATES;
  const columns = new Map<string, number>();
  const bytes: number[] = [];
  const column = Buffer.alloc(states);
  const columnOf = Uint8Array.from({ length: 256 }, (_, byte) => {
    for (let state = 0; state < states; state += 1) column[state] = automaton[((state + STATES) << 8) | byte] as number;
    const key = column.toString('latin1');
    const same = columns.get(key) ?? bytes.push(byte) - 1;
    columns.set(key, same);
    return same;
  });
  const rowOf = (state: number) => (state < STATES ? state : FIRST_ROW + 2 * bytes.length * (state - STATES));
  const rows = Uint16Array.from({ length: states * bytes.length }, (_, i) => {
    const from = Math.floor(i / bytes.length) + STATES;
    return rowOf(automaton[(from << 8) | (bytes[i % bytes.length] as number)] as number);
  });
  const out = new Uint8Array(256 + rows.byteLength);
  out.set(columnOf);
  out.set(new Uint8Array(rows.buffer), 256);
  return out;
}
