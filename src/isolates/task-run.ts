/** One task in a host: from its order to its one outcome, whichever of its ends comes first. */

import type { TaskStatus } from '../core/event.ts';
import { FRAME, type Frame } from './host/frames.ts';
import { LIMITS, type StartedMessage, type TaskFault } from './host/protocol.ts';
import { hostMessage } from './host-messages.ts';
import type { HostLoss, HostProcess } from './host-process.ts';
import { TaskCalls } from './task-calls.ts';
import type { LogLine, TaskOrder, TaskOutcome } from './task-order.ts';

interface TaskRunEvents {
  /** Its slot is free again; `forced` when the isolate was not over by itself. Once. */
  over(run: TaskRun, outcome: TaskOutcome, forced: boolean): void;
  /** From taking the isolate to the first line of tool code, ms; `boots`: what booting each took that was booted since. */
  started(bootMs: number, hit: boolean, boots: readonly number[]): void;
}

interface TaskRunParts {
  readonly order: TaskOrder;
  readonly host: HostProcess;
  readonly slot: number;
  /** The host is told when whoever asked has the answer. */
  readonly awaited: boolean;
  readonly now: () => number;
  readonly events: TaskRunEvents;
}

const MESSAGES: Readonly<Partial<Record<TaskStatus, string>>> = {
  timeout: 'the task did not end within its wall time; make it shorter or ask for a profile with more',
  cpu_exceeded: 'the task used up its CPU time; make it cheaper or ask for a profile with more',
  memory_exceeded: 'the task needed more memory than it has; use less or ask for a profile with more',
  output_exceeded: 'the task said more than it may; return and log less',
  killed: 'the task was killed; see the record for who did it',
  host_lost: 'the process that ran the task was lost; try again',
};

export class TaskRun {
  readonly order: TaskOrder;
  readonly host: HostProcess;
  readonly slot: number;
  readonly #parts: TaskRunParts;
  readonly #from: number;
  readonly #deadline: NodeJS.Timeout;
  readonly #logs: LogLine[] = [];
  readonly #cpuFrom: number;
  readonly #calls: TaskCalls;
  #bootMs = 0;
  #said = 0;
  #lines = 0;
  #over = false;

  constructor(parts: TaskRunParts) {
    this.#parts = parts;
    this.order = parts.order;
    this.host = parts.host;
    this.slot = parts.slot;
    this.#from = parts.now();
    this.#calls = new TaskCalls({ bindings: parts.order.bindings, host: parts.host, slot: parts.slot });
    this.#deadline = setTimeout(() => this.#force('timeout'), parts.order.limits.wall_ms);
    const { code, language, input, limits, bindings, webassembly = false } = parts.order;
    parts.host.run(parts.slot, {
      code,
      language,
      input,
      webassembly,
      memory_mb: limits.memory_mb,
      cpu_ms: limits.cpu_ms,
      output_bytes: limits.output_bytes,
      storage: bindings?.storage ?? false,
      tools: bindings?.tools ?? [],
      stream: parts.order.onLog !== undefined,
      awaited: parts.awaited,
    });
    // Read while the host is at work already.
    this.#cpuFrom = parts.host.cpuMs();
  }

  kill(): void {
    this.#force('killed');
  }

  /** Throws when the frame breaks the protocol. */
  heard(frame: Frame): void {
    if (this.#over) return;
    if (frame.kind === FRAME.started) this.#started(hostMessage.started(frame.json));
    else if (frame.kind === FRAME.log) this.#logged(hostMessage.log(frame.json));
    else if (frame.kind === FRAME.call) this.#calls.heard(frame);
    else if (frame.kind === FRAME.done) this.#done(frame.json);
    else throw new RangeError('a frame that no task sends');
  }

  /** Its host is gone. A task that was alone there when memory ran out is the one that took it. */
  lost(cause: HostLoss, alone: boolean): void {
    const status = cause === 'memory' && alone ? 'memory_exceeded' : 'host_lost';
    this.#settle({ status, result: null, error: null, cpu_ms: 0, peak_memory_bytes: this.host.peakBytes }, true);
  }

  #started({ hit, boot_ms, boots }: StartedMessage): void {
    // The pool of booted isolates is the host's, so its own time counts; it cannot be longer than what passed here.
    this.#bootMs = Math.min(boot_ms, this.#parts.now() - this.#from);
    this.#parts.events.started(this.#bootMs, hit, boots);
  }

  #logged(line: LogLine): void {
    this.#said += Buffer.byteLength(line.text) + 1;
    if (this.#said > this.order.limits.output_bytes || this.#lines >= LIMITS.logLines) {
      this.#force('output_exceeded');
      return;
    }
    this.#lines += 1;
    // The whole of the parts is the result.
    if (line.level !== 'part') this.#logs.push(line);
    this.order.onLog?.(line);
  }

  #done(json: string): void {
    const { doomed, started, ...ending } = hostMessage.done(json);
    if (started !== null) this.#started(started);
    if (doomed) this.host.retiring = true;
    const said = ending.result === null ? 0 : Buffer.byteLength(ending.result);
    const tooMuch = said + this.#said > this.order.limits.output_bytes;
    const fits = ending.status === 'completed' && !tooMuch ? ending.result : null;
    const status = ending.status === 'completed' && tooMuch ? 'output_exceeded' : ending.status;
    if (status === 'completed' && (fits === null || !isJson(fits))) throw new RangeError('a result that is not JSON');
    this.#settle({ ...ending, status, result: fits }, false);
  }

  /** What it used is the host's, as nobody else can say: with tasks beside it, too much rather than too little. */
  #force(status: TaskStatus): void {
    const cpu_ms = Math.max(0, this.host.cpuMs() - this.#cpuFrom);
    this.#settle({ status, result: null, error: null, cpu_ms, peak_memory_bytes: this.host.peakBytes }, true);
  }

  #settle(ending: Ending, forced: boolean): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    this.#calls.end();
    const { bindings } = this.order;
    bindings?.close();
    const { status, result, cpu_ms, peak_memory_bytes } = ending;
    const outcome: TaskOutcome = {
      status,
      result,
      error: errorOf(status, ending.error),
      usage: {
        boot_ms: round(this.#bootMs),
        cpu_ms: round(cpu_ms),
        wall_ms: round(this.#parts.now() - this.#from),
        peak_memory_bytes: Math.round(peak_memory_bytes),
        requests: bindings?.usage.requests ?? 0,
        bytes: bindings?.usage.bytes ?? 0,
      },
      logs: this.#logs,
      wall: this.host.wall,
    };
    this.#parts.events.over(this, outcome, forced);
  }
}

interface Ending {
  readonly status: TaskStatus;
  readonly result: string | null;
  readonly error: TaskFault | null;
  readonly cpu_ms: number;
  readonly peak_memory_bytes: number;
}

/** The outcome of a task that never reached a host. */
export function unrun(status: 'denied' | 'killed' | 'host_lost', message: string): TaskOutcome {
  const usage = { boot_ms: 0, cpu_ms: 0, wall_ms: 0, peak_memory_bytes: 0, requests: 0, bytes: 0 };
  return { status, result: null, error: { ...faultFor(status), message }, usage, logs: [], wall: 'none' };
}

function errorOf(status: TaskStatus, own: TaskFault | null): TaskFault | null {
  if (status === 'completed') return null;
  return status === 'failed' && own !== null ? own : faultFor(status);
}

function faultFor(status: TaskStatus): TaskFault {
  return { name: 'Error', message: MESSAGES[status] ?? 'the task failed', stack: '', code: status };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
