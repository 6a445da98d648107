/** What a task says as it goes, on a terminal. */

import type { TaskEvent } from '../gateway/client.ts';
import type { CliIo } from './context.ts';
import { jsonText, plain, printJson } from './print.ts';

/** Parts of the result to stdout, a line each; what is said on the way to stderr. As JSON Lines: all to stdout. */
export function printEvent(io: CliIo, { event, data }: TaskEvent, json: boolean): void {
  if (json) printJson(io, { event, data });
  else if (event === 'part') io.stdout(`${valueText(io, data)}\n`);
  else if (event === 'progress') io.stderr(`progress: ${plain(JSON.stringify(data))}\n`);
  else io.stderr(`${laidOut((data as { readonly text: string }).text)}\n`);
}

/** What a tool said: no control character of its reaches the terminal but those that lay text out. */
export function laidOut(text: string): string {
  return text.replace(/[^\n\t]+/g, plain);
}

/** A value for stdout: text as it is, anything else as JSON. Text goes whole into a file or a pipe, but laid out on a terminal. */
export function valueText({ isTerminal }: CliIo, value: unknown, indent?: number): string {
  if (typeof value !== 'string') return jsonText(value, indent);
  return isTerminal ? laidOut(value) : value;
}
