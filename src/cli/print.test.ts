import { expect, it } from 'vitest';
import type { CliIo } from './context.ts';
import { printTable } from './print.ts';

it('lets no control character of a name reach the terminal, of a list of names neither', () => {
  const out: string[] = [];
  const io = { stdout: (text: string) => void out.push(text) } as unknown as CliIo;
  printTable(io, ['ONE', 'MANY'], [['a\u001b[2J', ['b\u009b1m', 'c']]]);
  expect(out).toEqual(['ONE    MANY\n', 'a?[2J  b?1m c\n']);
});
