/**
 * The binding calls of one task: answered in any order, each once. What a call says is tool code's own, however the host
 * passes it on: nonsense is refused, and only more calls than a host lets through is the host's fault.
 */

import type { Frame } from './host/frames.ts';
import { LIMITS, type ReplyMessage } from './host/protocol.ts';
import { hostMessage } from './host-messages.ts';
import type { HostProcess } from './host-process.ts';
import type { BindingCall, BindingReply, TaskBindings } from './task-order.ts';

interface TaskCallsParts {
  readonly bindings: TaskBindings | null;
  readonly host: HostProcess;
  readonly slot: number;
}

type Refused = Extract<BindingReply, { readonly ok: false }>;

const refused = (name: string, message: string, code: string): Refused => ({
  ok: false,
  error: { name, message, code },
});
const TOO_LARGE = refused('TypeError', 'the call is larger than what crosses at once; send less', 'bad_arguments');
const TOO_MANY = refused(
  'RangeError',
  'the calls that wait hold too much; wait for some of them first',
  'too_many_calls',
);
const NO_CALL = refused('TypeError', 'the arguments are not what the binding takes', 'bad_arguments');
const NO_BINDINGS = refused('Error', 'this task has no bindings', 'no_bindings');
const FAILED = refused('Error', 'the binding failed', 'internal_error');
const ANSWER_TOO_LARGE = refused(
  'TypeError',
  'the answer is larger than what crosses at once; ask for less',
  'too_large',
);

export class TaskCalls {
  readonly #parts: TaskCallsParts;
  #open = 0;
  #held = 0;
  #over = false;

  constructor(parts: TaskCallsParts) {
    this.#parts = parts;
  }

  /** Throws when the host lets more through than it may. */
  heard(frame: Frame): void {
    if (this.#open >= LIMITS.callsInFlight) throw new RangeError('more calls at once than a host lets through');
    const size = frame.json.length + frame.bytes.length;
    const unfit = this.#refusal(frame, size);
    this.#open += 1;
    this.#held += size;
    const settle = (reply: BindingReply) => {
      this.#open -= 1;
      this.#held -= size;
      this.#answer(frame.call, reply);
    };
    if (unfit) settle(unfit);
    // What it does not read is not made.
    else this.#parts.host.whenHeard(() => void this.#run(frame).then(settle));
  }

  end(): void {
    this.#over = true;
  }

  #refusal({ json, bytes }: Frame, size: number): Refused | null {
    if (this.#parts.bindings === null) return NO_BINDINGS;
    if (json.length > LIMITS.callText || bytes.length > LIMITS.chunk) return TOO_LARGE;
    return this.#held + size > LIMITS.callsHeld ? TOO_MANY : null;
  }

  /** INVARIANT: does not reject. */
  async #run(frame: Frame): Promise<BindingReply> {
    const { bindings } = this.#parts;
    const call = callIn(frame);
    if (call === null || bindings === null) return NO_CALL;
    if (this.#over) return FAILED;
    try {
      return await bindings.call(call);
    } catch {
      return FAILED;
    }
  }

  #answer(call: number, reply: BindingReply): void {
    const { host, slot } = this.#parts;
    host.whenHeard(() => {
      if (this.#over) return;
      try {
        host.reply(slot, call, textOf(reply), reply.ok && 'bytes' in reply ? reply.bytes : undefined);
      } catch {
        host.reply(slot, call, textOf(ANSWER_TOO_LARGE));
      }
    });
  }
}

function callIn({ json, bytes }: Frame): BindingCall | null {
  try {
    const { op, args } = hostMessage.call(json);
    return { op, args: args ?? {}, bytes };
  } catch {
    return null;
  }
}

function textOf(reply: BindingReply): string {
  if (reply.ok && 'json' in reply) return `{"ok":true,"value":${reply.json}}`;
  const message: ReplyMessage = reply.ok ? { ok: true, value: reply.value } : reply;
  return JSON.stringify(message);
}
