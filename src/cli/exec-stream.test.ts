import { expect, it } from 'vitest';
import type { CliIo } from './context.ts';
import { printEvent, valueText } from './exec-stream.ts';

const EVIL = 'a\u001b]52;c;ZXZpbA==\u0007\r\u009b2Jb\n\tc';
const io = (isTerminal: boolean, out: string[] = []) =>
  ({ isTerminal, stdout: (text: string) => void out.push(text) }) as unknown as CliIo;

it('what tool code returns tells a terminal nothing, and goes whole into a file', () => {
  expect(valueText(io(true), EVIL)).toBe('a?]52;c;ZXZpbA==???2Jb\n\tc');
  expect(valueText(io(false), EVIL)).toBe(EVIL);
});

it.each([true, false])('JSON escapes every control character, and is the same value (terminal: %s)', (isTerminal) => {
  const text = valueText(io(isTerminal), { [EVIL]: EVIL });
  expect(text).not.toMatch(/\p{Cc}/u);
  expect(JSON.parse(text)).toEqual({ [EVIL]: EVIL });
});

it('a part of a result is held to the same, as text and as a line of JSON', () => {
  const out: string[] = [];
  printEvent(io(true, out), { event: 'part', data: EVIL }, false);
  printEvent(io(false, out), { event: 'part', data: EVIL }, true);
  expect(out[0]).toBe('a?]52;c;ZXZpbA==???2Jb\n\tc\n');
  expect(out[1]?.trimEnd()).not.toMatch(/\p{Cc}/u);
  expect(JSON.parse(out[1] ?? '')).toEqual({ event: 'part', data: EVIL });
});
