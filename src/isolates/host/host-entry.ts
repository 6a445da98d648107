/**
 * The isolate host: a process of its own, inside the walls, that runs hostile code in isolates and speaks frames over
 * descriptor 3. It trusts the supervisor; the supervisor does not trust it.
 *
 *     node --no-node-snapshot host-entry.ts <isolated-vm addon>
 */

import { createRequire, stripTypeScriptTypes } from 'node:module';
import { Socket } from 'node:net';
import type ivm from 'isolated-vm';
import { AnswerWait } from './answer-wait.ts';
import { encodeFrame, FRAME, type Frame, type FrameKind, FrameReader } from './frames.ts';
import { IsolateSlot, settingOf } from './isolate-slot.ts';
import type { DoneMessage, HelloMessage, RunMessage, SetupMessage, StartedMessage } from './protocol.ts';

/** The descriptor that the supervisor left open for us. */
const CHANNEL = 3;
/** Booting blocks for a few milliseconds: a task that follows another closely comes first. */
const REFILL_MS = 4;
const FLUSH_MS = 2;
/** Nobody is served for so long: then there is time for what a later task would wait for. */
const IDLE_MS = 50;

class Host {
  readonly #engine: typeof ivm;
  readonly #socket: Socket;
  #snapshot: ivm.ExternalCopy<ArrayBuffer> | null = null;
  readonly #stock: IsolateSlot[] = [];
  readonly #running = new Map<number, IsolateSlot>();
  /** What the last task was set to: those booted from now on are set to it. */
  #setting: string | null = null;
  #boots: number[] = [];
  #ahead = 1;
  #memoryMb = 64;
  #refilling = false;
  readonly #answer = new AnswerWait(() => this.#refill());

  constructor(engine: typeof ivm) {
    this.#engine = engine;
    this.#socket = new Socket({ fd: CHANNEL, readable: true, writable: true });
    const reader = new FrameReader();
    this.#socket.on('data', (chunk) => {
      for (const frame of reader.push(chunk)) this.#heard(frame);
    });
    this.#socket.on('close', () => process.exit(0));
    this.#socket.on('error', () => process.exit(0));
  }

  #heard(frame: Frame): void {
    if (frame.kind === FRAME.setup) this.#setup(JSON.parse(frame.json) as SetupMessage);
    else if (frame.kind === FRAME.run) this.#run(frame.slot, JSON.parse(frame.json) as RunMessage);
    else if (frame.kind === FRAME.reply) this.#running.get(frame.slot)?.reply(frame.call, frame.json, frame.bytes);
    else if (frame.kind === FRAME.answered) this.#answer.answered();
    else if (frame.kind === FRAME.end) {
      this.#forget(frame.slot);
      this.#write(jsonFrame(FRAME.ended, frame.slot, {}));
    }
  }

  #setup(message: SetupMessage): void {
    const from = performance.now();
    this.#snapshot = this.#engine.Isolate.createSnapshot([{ code: message.runtime, filename: 'runtime.js' }]);
    const snapshot_ms = performance.now() - from;
    this.#ahead = message.ahead;
    this.#memoryMb = message.memory_mb;
    while (this.#stock.length < this.#ahead) this.#stock.push(this.#boot());
    const isolate_bytes = this.#stock[0]?.heapBytes() ?? 0;
    const hello: HelloMessage = { boot_ms: this.#takeBoots(), snapshot_ms, isolate_bytes };
    this.#write(jsonFrame(FRAME.hello, 0, hello));
    this.#readParser();
  }

  /** Ahead, while nobody is served: Node reads its parser of TypeScript when it is first asked, and a task would wait for it. */
  #readParser(): void {
    setTimeout(() => {
      if (this.#running.size > 0) this.#readParser();
      else stripTypes('let ahead: 1;');
    }, IDLE_MS);
  }

  #boot(): IsolateSlot {
    if (this.#snapshot === null) throw new Error('not set up');
    const slot = new IsolateSlot({
      engine: this.#engine,
      snapshot: this.#snapshot,
      memoryMb: this.#memoryMb,
      setting: this.#setting,
    });
    this.#boots.push(slot.bootMs);
    return slot;
  }

  #run(id: number, order: RunMessage): void {
    const from = performance.now();
    const { slot, hit } = this.#take(order.memory_mb);
    this.#running.set(id, slot);
    // WebAssembly cannot be taken back from a task that may not have it.
    this.#setting = order.webassembly ? null : settingOf(order);
    // Nobody waits for it: it goes before what comes first, or by itself soon; within the end of a task that is over by then.
    let begun: StartedMessage | null = null;
    let soon: NodeJS.Timeout | undefined;
    const takeBegun = () => {
      const message = begun;
      begun = null;
      clearTimeout(soon);
      return message;
    };
    const write = (...frames: Buffer[]) => {
      const message = takeBegun();
      const first = message === null ? [] : [jsonFrame(FRAME.started, id, message)];
      this.#write(...first, ...frames);
    };
    void slot.run(order, stripTypes, {
      started: (at) => {
        begun = { boot_ms: at - from, hit, boots: this.#takeBoots() };
        soon = setTimeout(write, FLUSH_MS);
      },
      call: (call, json, bytes) =>
        write(encodeFrame({ kind: FRAME.call, slot: id, call, json, ...(bytes && { bytes }) })),
      log: (level, text) => write(jsonFrame(FRAME.log, id, { level, text })),
      done: (ending) => {
        const message: DoneMessage = { ...ending, started: takeBegun() };
        try {
          this.#write(jsonFrame(FRAME.done, id, message));
        } catch {
          // More than a frame holds, whatever the profile would allow.
          this.#write(jsonFrame(FRAME.done, id, { ...message, status: 'output_exceeded', result: null }));
        }
        this.#over(id, order.awaited && !message.doomed);
      },
    });
  }

  /** One with the memory limit asked for; that size is the one booted ahead from now on. */
  #take(memoryMb: number): { slot: IsolateSlot; hit: boolean } {
    this.#memoryMb = memoryMb;
    const at = this.#stock.findIndex((slot) => slot.memoryMb === memoryMb);
    const [ready] = at >= 0 ? this.#stock.splice(at, 1) : [];
    return { slot: ready ?? this.#boot(), hit: ready !== undefined };
  }

  #over(id: number, awaited: boolean): void {
    const slot = this.#running.get(id);
    if (!awaited || slot === undefined) {
      this.#forget(id);
      return;
    }
    this.#running.delete(id);
    this.#answer.hold(slot);
    this.#refill();
  }

  #forget(id: number): void {
    this.#running.get(id)?.end();
    this.#running.delete(id);
    this.#refill();
  }

  /** One at a time between other work, so that a burst is served before it is prepared for; at once when it is over or none is left. */
  #refill(): void {
    const fitting = this.#fitting();
    if (this.#refilling || fitting >= this.#ahead || (fitting > 0 && this.#answer.waits)) return;
    this.#refilling = true;
    const one = () => {
      this.#refilling = false;
      if (this.#fitting() < this.#ahead) this.#stock.push(this.#boot());
      // Those of other sizes stay for profiles in turn, as many as there are of this one.
      if (this.#stock.length > 2 * this.#ahead) this.#stock.shift()?.end();
      this.#refill();
    };
    // While nobody is served here, whoever asks next is still being answered elsewhere.
    if (fitting === 0 || this.#running.size === 0) setImmediate(one);
    else setTimeout(one, REFILL_MS);
  }

  #fitting(): number {
    return this.#stock.filter((slot) => slot.memoryMb === this.#memoryMb).length;
  }

  #takeBoots(): number[] {
    return this.#boots.splice(0, this.#boots.length);
  }

  #write(...frames: Buffer[]): void {
    if (frames.length === 0) return;
    this.#socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  }
}

/** Throws a `RangeError` when it is more than a frame holds. */
function jsonFrame(kind: FrameKind, slot: number, message: object): Buffer {
  return encodeFrame({ kind, slot, json: JSON.stringify(message) });
}

/** Types are taken away in place, so that lines and columns stay; what needs code to be made is refused, and explained. */
function stripTypes(code: string): string {
  try {
    return stripTypeScriptTypes(code, { mode: 'strip' });
  } catch (error) {
    throw new SyntaxError(explained(error));
  }
}

function explained(error: unknown): string {
  const { code, message, stack } = error as { code?: unknown; message?: unknown; stack?: unknown };
  const text = String(message).slice(0, 500);
  const place = /^[^\n]*?:(\d+)\n/.exec(String(stack))?.[1];
  const where = place === undefined ? '' : ` [tool.ts:${place}]`;
  if (code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return `${text}${where}`;
  const fix =
    'types are stripped and nothing is compiled, so write it in JavaScript: an object for an `enum`, fields for';
  return `${text}${where}: ${fix} parameter properties, a module for a namespace`;
}

const [addon] = process.argv.slice(2);
if (addon === undefined) process.exit(2);
const loaded = createRequire(import.meta.url)(addon) as { ivm: typeof ivm };
new Host(loaded.ivm);
