import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packedAutomaton } from './image-automata.ts';
import { FIRST_ROW, STATES, TAKES_ALL } from './layout.ts';

/** As the inner loop walks one. */
function walk(packed: Uint8Array, bytes: Uint8Array): number {
  const rows = new DataView(packed.buffer, packed.byteOffset + 256);
  let row = FIRST_ROW;
  for (const byte of bytes) {
    row = rows.getUint16(row - FIRST_ROW + 2 * (packed[byte] as number), true);
    if (row < FIRST_ROW) return row;
  }
  return FIRST_ROW;
}

function walkWhole(table: Uint8Array, bytes: Uint8Array): number {
  let state: number = STATES;
  for (const byte of bytes) {
    state = table[(state << 8) | byte] as number;
    if (state < STATES) return state === TAKES_ALL ? TAKES_ALL : 0;
  }
  return FIRST_ROW;
}

it('is walked as it was, however many states it has and bytes it tells apart', () => {
  // As many states as are made, and a column for each byte: the rows are as far apart as can be.
  const shape = fc.tuple(fc.constantFrom(1, 2, 7, 96), fc.constantFrom(1, 3, 40, 256), fc.integer());
  fc.assert(
    fc.property(shape, fc.uint8Array({ minLength: 1, maxLength: 200 }), ([states, columns, seed], bytes) => {
      const table = new Uint8Array((states + STATES) * 256);
      for (let at = STATES * 256; at < table.length; at += 1) {
        const mixed = Math.imul((at >>> 8) * 256 + (at % columns) + seed, 0x9e3779b1) >>> 8;
        table[at] = mixed % 50 === 0 ? mixed % STATES : STATES + (mixed % states);
      }
      expect(walk(packedAutomaton(table), bytes)).toBe(walkWhole(table, bytes));
    }),
  );
});
