/** A task told as it goes: the gateway's server-sent events, each an `event` and one line of `data`. */

import { CliFailure, type CliIo, EXIT } from './context.ts';
import { plain, printJson } from './print.ts';

export interface TaskEvent {
  /** `log`, `progress`, `part`, at last `result`. */
  readonly event: string;
  readonly data: unknown;
}

/** The report, the last of the events, which is not handed to `told`. */
export async function followTask(body: AsyncIterable<Uint8Array>, told: (event: TaskEvent) => void): Promise<unknown> {
  const text = new TextDecoder();
  let rest = '';
  for await (const piece of body) {
    const events = (rest + text.decode(piece, { stream: true })).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events.map(eventOf)) {
      if (event.event === 'result') return event.data;
      if (event.event === 'fault') throw new CliFailure(EXIT.internal, faultText(event.data));
      told(event);
    }
  }
  throw new CliFailure(EXIT.unreachable, 'the gateway went away before the task ended');
}

function eventOf(text: string): TaskEvent {
  const [, event = '', data = 'null'] = /^event: (.*)\ndata: (.*)$/.exec(text) ?? [];
  return { event, data: JSON.parse(data) as unknown };
}

function faultText(data: unknown): string {
  const { detail, message } = (data ?? {}) as { readonly detail?: unknown; readonly message?: unknown };
  return [detail, message].find((said) => typeof said === 'string') ?? 'the gateway failed';
}

/** Parts of the result to stdout, a line each; what is said on the way to stderr. As JSON Lines: all to stdout. */
export function printEvent(io: CliIo, { event, data }: TaskEvent, json: boolean): void {
  if (json) printJson(io, { event, data });
  else if (event === 'part') io.stdout(`${typeof data === 'string' ? data : JSON.stringify(data)}\n`);
  else if (event === 'progress') io.stderr(`progress: ${plain(JSON.stringify(data))}\n`);
  else io.stderr(`${laidOut((data as { readonly text: string }).text)}\n`);
}

/** What a tool said: no control character of its reaches the terminal but those that lay text out. */
export function laidOut(text: string): string {
  return text.replace(/[^\n\t]+/g, plain);
}
