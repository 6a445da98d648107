/** One isolate: booted ahead from the snapshot, bound to one task, once, then destroyed. */

import type ivm from 'isolated-vm';
import { IsolateServices } from './isolate-services.ts';
import type { DoneMessage, HostEnding, RunMessage, TaskFault } from './protocol.ts';
import { copyOf, faultOf, plainOf } from './task-faults.ts';

/** TypeScript to JavaScript of the same lines and columns. */
type StripTypes = (code: string) => string;

interface SlotEvents {
  /** Tool code begins; `at` in ms of this process's clock. */
  started(at: number): void;
  call(call: number, json: string, bytes: Uint8Array | undefined): void;
  log(level: string, text: string): void;
  /** Said first: destroying the isolate, which is left to the listener, takes a while. */
  done(ending: Ending): void;
}

interface SlotParts {
  readonly engine: typeof ivm;
  readonly snapshot: ivm.ExternalCopy<ArrayBuffer>;
  readonly memoryMb: number;
  /** What the task that comes is thought to be set to; null where nothing is known. */
  readonly setting: string | null;
}

/** What a task may say and reach, as the runtime takes it. */
export function settingOf({ output_bytes, webassembly, storage, tools, stream }: RunMessage): string {
  return JSON.stringify({ output_bytes, webassembly, storage, tools, stream });
}

type Ending = Omit<DoneMessage, 'started'>;
type Entry = ivm.Reference<(...args: unknown[]) => unknown>;

/** Longest delay of a timer, as browsers have it. */
const MAX_DELAY = 2_147_483_647;
/** What V8 says when the isolate's limit leaves no room for a buffer. */
const NO_BUFFER = 'Array buffer allocation failed';
/** What isolated-vm makes of an object that was thrown and is no error. */
const NO_ERROR = 'An object was thrown from supplied code';
const CPU_CHECK_MS = 5;
/** Hands the runtime the tool's module once that has run to its end, however long it waits at its top level. */
const DRIVER = "import { evaluated } from 'runtime'; import * as tool from 'tool'; evaluated(tool);";
/** Evaluated before any tool code. */
const ENTRY = 'export const evaluated = globalThis.__evaluated; delete globalThis.__evaluated;';
const STATISTICS_MS = 20;

export class IsolateSlot {
  readonly memoryMb: number;
  readonly bootMs: number;
  readonly #isolate: ivm.Isolate;
  readonly #context: ivm.Context;
  readonly #start: Entry;
  readonly #deliver: Entry;
  readonly #services: IsolateServices;
  /** What the runtime is set to; null before it is. */
  #setting: string | null = null;
  #wake: NodeJS.Timeout | undefined;
  /** What the heap held when the tool was called; null once it was spoken to again, or code of it ran by itself. */
  #heap: Promise<number> | null = null;
  #events: SlotEvents | null = null;
  #watch: NodeJS.Timeout | null = null;
  /** Runs the tool's module, then hands it to the runtime; compiled ahead. */
  readonly #driver: ivm.Module;
  readonly #entry: ivm.Module;
  #pending = false;
  #finished = false;
  #ended = false;
  /** Its thread never comes back. */
  #lost = false;
  #cpuMs = 0;

  constructor(parts: SlotParts) {
    const from = performance.now();
    this.memoryMb = parts.memoryMb;
    this.#services = new IsolateServices({
      call: (call, json, bytes) => this.#events?.call(call, json, bytes),
      log: (level, text) => this.#events?.log(level, text),
      answer: (call, { json, bytes }) => {
        if (!this.#ended) this.#tell(['reply', call, json, bufferOf(bytes)]);
      },
    });
    this.#isolate = new parts.engine.Isolate({
      memoryLimit: parts.memoryMb,
      snapshot: parts.snapshot,
      onCatastrophicError: () => this.#lostControl(),
    });
    this.#context = this.#isolate.createContextSync();
    const api = this.#context.evalClosureSync(
      'const boot = globalThis.__boot; delete globalThis.__boot; return boot($0, $1);',
      [
        new parts.engine.Callback((...args: unknown[]) => (this.#ended ? null : this.#services.serve(args)), {
          sync: true,
        }),
        new parts.engine.Callback((...args: unknown[]) => this.#hear(args), { ignored: true }),
      ],
      { result: { reference: true } },
    ) as ivm.Reference<{ start: () => void; deliver: () => void }>;
    this.#start = api.getSync('start', { reference: true }) as unknown as Entry;
    this.#deliver = api.getSync('deliver', { reference: true }) as unknown as Entry;
    // Takes its way into the runtime off the global object, and walks the engine's own part of what every task walks.
    this.#entry = this.#isolate.compileModuleSync(ENTRY, { filename: 'runtime.js' });
    this.#entry.instantiateSync(this.#context, refuse);
    this.#entry.evaluateSync();
    this.#driver = this.#isolate.compileModuleSync(DRIVER, { filename: 'runtime.js' });
    if (parts.setting !== null) this.#set(parts.setting);
    this.bootMs = performance.now() - from;
  }

  #set(setting: string): void {
    if (setting === this.#setting) return;
    this.#start.applySync(undefined, [setting]);
    this.#setting = setting;
  }

  /** What it takes now; only while nothing runs in it. */
  heapBytes(): number {
    const heap = this.#isolate.getHeapStatisticsSync();
    return heap.total_physical_size + heap.malloced_memory + heap.externally_allocated_size;
  }

  /** Starts the task; everything after is an event. */
  async run(order: RunMessage, strip: StripTypes, events: SlotEvents): Promise<void> {
    this.#events = events;
    this.#watchCpu(order.cpu_ms);
    try {
      const code = order.language === 'ts' ? strip(order.code) : order.code;
      const module = this.#isolate.compileModuleSync(code, {
        filename: order.language === 'ts' ? 'tool.ts' : 'tool.js',
      });
      module.instantiateSync(this.#context, refuse);
      this.#driver.instantiateSync(this.#context, (name) => (name === 'tool' ? module : this.#entry));
      this.#set(settingOf(order));
      const at = performance.now();
      // The module's own top level and its default export run, and two questions are asked behind them, all in one go:
      // each change to the isolate's thread and back takes as long as a small tool does.
      const evaluated = this.#driver.evaluate({ promise: true });
      this.#deliver.apply(undefined, ['begin', order.input]).catch((error: unknown) => this.#unhandled(error));
      this.#heap = this.#heapBytes();
      // While that thread is at work.
      events.started(at);
      await evaluated;
      await this.#heap;
    } catch (error) {
      this.#failed(error);
    }
  }

  async #heapBytes(): Promise<number> {
    try {
      const heap = await this.#isolate.getHeapStatistics();
      return heap.total_heap_size + heap.externally_allocated_size;
    } catch {
      return 0;
    }
  }

  /**
   * While the module waits at its top level, whatever fails there comes out of the call in which it failed. Afterwards a
   * rejection that nobody waits for is no end of the task.
   */
  #tell(args: unknown[]): void {
    this.#heap = null;
    const failed = (error: unknown) => (this.#pending ? this.#failed(error) : this.#unhandled(error));
    this.#deliver.apply(undefined, args, { arguments: { copy: true } }).catch(failed);
  }

  /** What a call fails with, as the runtime itself never throws: the reason of a rejection. Those of its listeners are not told. */
  #unhandled(error: unknown): void {
    if (this.#finished || this.#ended || this.#isolate.isDisposed) return;
    const real = error instanceof Error && !error.message.startsWith(NO_ERROR);
    const reason = real ? { error: copyOf(error) } : { value: plainOf(error) };
    this.#heap = null;
    this.#deliver.applyIgnored(undefined, ['rejected', JSON.stringify(reason)], { arguments: { copy: true } });
  }

  /** The reply to a binding call. */
  reply(call: number, json: string, bytes: Uint8Array): void {
    this.#services.answered();
    if (this.#ended) return;
    this.#tell(['reply', call, json, bufferOf(bytes)]);
  }

  /** Destroys it; what it did not say by now is not heard. */
  end(): void {
    this.#close();
    if (this.#lost) return;
    try {
      this.#isolate.dispose();
    } catch {
      // Already gone: it was ended by its memory limit.
    }
  }

  /** From now on it is not heard, and nothing is said to it. */
  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cpuTime();
    if (this.#watch) clearInterval(this.#watch);
    clearTimeout(this.#wake);
    this.#services.end();
  }

  /** What needs no answer. The isolate does not wait, so ending it here cannot wait for the isolate. */
  #hear(args: unknown[]): void {
    if (this.#ended) return;
    const [op, a, b] = args;
    if (op === 'wake') this.#wakeIn(Number(a));
    else if (op === 'pending') this.#pending = a === true;
    else if (op === 'finalizer') this.#heap = null;
    else if (op === 'done') this.#finish('completed', String(a), null);
    else if (op === 'fail') {
      const fault = faultOf(b);
      if (a === 'output_exceeded') this.#finish('output_exceeded', null, null);
      else if (fault?.message === NO_BUFFER) this.#finish('memory_exceeded', null, null);
      else this.#finish('failed', null, fault);
    }
  }

  /** One at a time: the runtime asks for the earliest that it needs, which takes the place of the one before. */
  #wakeIn(delay: number): void {
    clearTimeout(this.#wake);
    this.#wake = setTimeout(() => {
      if (!this.#ended) this.#tell(['tick']);
    }, clampDelay(delay));
  }

  /** Milliseconds; of an isolate that its memory limit has disposed of, which does not say any more, what it said last. */
  #cpuTime(): number {
    try {
      this.#cpuMs = Number(this.#isolate.cpuTime) / 1e6 + this.#services.spentMs();
    } catch {
      // Disposed of between two looks.
    }
    return this.#cpuMs;
  }

  #watchCpu(limitMs: number): void {
    this.#watch = setInterval(() => {
      if (this.#ended) return;
      if (this.#isolate.isDisposed) this.#finish('memory_exceeded', null, null);
      else if (this.#cpuTime() > limitMs) this.#break('cpu_exceeded', null);
    }, CPU_CHECK_MS);
  }

  /** An end that it did not tell by itself: no finalizer may run behind it, and it is asked anew whether its thread comes back. */
  #break(status: HostEnding, error: TaskFault | null): void {
    if (this.#finished || this.#ended) return;
    if (!this.#isolate.isDisposed) this.#tell(['over']);
    this.#finish(status, null, error);
  }

  /** Its thread never comes back, so neither `dispose` nor another question to it may follow. */
  #lostControl(): void {
    const cpu_ms = this.#ended ? this.#cpuMs : this.#cpuTime();
    const first = !this.#finished;
    this.#finished = true;
    this.#ended = true;
    this.#lost = true;
    if (this.#watch) clearInterval(this.#watch);
    clearTimeout(this.#wake);
    const peak_memory_bytes = this.memoryMb * 1024 * 1024;
    const status = 'memory_exceeded';
    if (this.#events === null || !first) process.abort();
    this.#events.done({ status, result: null, error: null, cpu_ms, peak_memory_bytes, doomed: true });
  }

  #failed(error: unknown): void {
    if (this.#ended) return;
    const message = error instanceof Error ? error.message : '';
    const gone = this.#isolate.isDisposed || /disposed during execution/.test(message);
    if (gone || message === NO_BUFFER) this.#break('memory_exceeded', null);
    else this.#break('failed', error instanceof Error ? copyOf(error) : null);
  }

  /**
   * A task that leaves work to a thread of the host is over when that is: else many short tasks would have more of the
   * machine than they are told. What was ended for a limit does not wait; its host serves nobody else then.
   */
  #finish(status: HostEnding, result: string | null, error: TaskFault | null): void {
    if (this.#finished || this.#ended) return;
    this.#finished = true;
    const running = this.#services.endJobs();
    const waits = running !== null && (status === 'completed' || status === 'failed');
    if (waits) void running.then(() => this.#report({ status, result, error, doomed: false }));
    else this.#report({ status, result, error, doomed: running !== null });
  }

  #report(ending: Pick<Ending, 'status' | 'result' | 'error' | 'doomed'>): void {
    const say = (peak_memory_bytes: number, lost: boolean) => {
      if (this.#ended) return;
      this.#close();
      const doomed = lost || ending.doomed;
      this.#events?.done({ ...ending, cpu_ms: this.#cpuMs, peak_memory_bytes, doomed });
    };
    if (this.#isolate.isDisposed) {
      say(this.memoryMb * 1024 * 1024, false);
      return;
    }
    // An isolate that still runs does not answer; then its peak is not known. Being destroyed does not stop what V8 cannot
    // interrupt, and where that ends, as growth of a Map does, it may take the process along: no other task comes here.
    const late = setTimeout(() => say(0, true), STATISTICS_MS);
    (this.#heap ?? this.#heapBytes()).then((peak) => say(peak, false)).finally(() => clearTimeout(late));
  }
}

function refuse(specifier: string): never {
  throw new Error(`tool code imports nothing; \`${specifier.slice(0, 100)}\` is not available`);
}

function clampDelay(delay: number): number {
  return Number.isFinite(delay) ? Math.min(Math.max(delay, 0), MAX_DELAY) : 0;
}

function bufferOf(bytes: Uint8Array): ArrayBuffer | undefined {
  return bytes.length > 0 ? new Uint8Array(bytes).buffer : undefined;
}
