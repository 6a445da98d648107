/** One isolate host, seen from the supervisor: spawned behind a wall, watched from outside, killed when it must be. */

import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Duplex } from 'node:stream';
import { encodeFrame, FRAME, type Frame, FrameReader } from './host/frames.ts';
import type { RunMessage, SetupMessage } from './host/protocol.ts';
import type { MemoryGroup, MemoryGroups } from './memory-group.ts';
import { ProcessFigures } from './process-figures.ts';
import { CHANNEL, type HostFiles, spawnBehind, type Wall, type WallLimits } from './walls.ts';

export interface HostEvents {
  /** A frame of a task that runs there. */
  frame(host: HostProcess, frame: Frame): void;
  /** It may take tasks now. */
  ready(host: HostProcess, hello: string): void;
  /** It is gone, whatever the cause; once. */
  gone(host: HostProcess, cause: HostLoss): void;
}

/** Why a host went: it died by itself, broke the protocol, outgrew its memory, stopped answering, or was ended by us. */
export type HostLoss = 'died' | 'protocol' | 'memory' | 'stuck' | 'ended';

export interface HostOptions {
  readonly probed: { readonly wall: Wall; readonly drop: boolean };
  readonly files: HostFiles;
  readonly setup: () => SetupMessage;
  readonly limits: WallLimits;
  /** Null: the watchdog alone. */
  readonly groups: MemoryGroups | null;
  /** How long it may take to say hello. */
  readonly bootMs: number;
}

const MB = 1024 * 1024;
const RSS_CHECK_MS = 10;
/** How long a host may take to confirm that it destroyed an isolate. */
const STOP_MS = 250;
/** How long what a host said last may take to be read once it is gone. */
const LAST_WORDS_MS = 250;
/** Unread binding replies may pile up to this; beyond, the host does not read and is lost. */
const MAX_UNREAD = 64 * MB;
/** From here on, who waits for more of it waits until it has read that. */
const MUCH_UNREAD = 4 * MB;
/** What the kernel lets a host grow by beyond that: the watchdog, which knows better, should come first. */
const GROUP_SLACK = 128 * MB;
/** Niceness of hosts: the supervisor comes before them, and a tenant's first before what it has beside it. */
const NICE = { first: 5, further: 15 } as const;

export class HostProcess {
  readonly wall: Wall;
  /** Set once, by its first task: a host never serves two tenants. */
  tenant: string | null = null;
  /** Takes no more tasks; ended when those it has are done. */
  retiring = false;
  served = 0;
  /** Epoch of the monotonic clock at which its last task ended. */
  idleSince = 0;
  /** Slots in use → memory asked for, MB. */
  readonly slots = new Map<number, number>();
  isReady = false;
  readonly #child: ChildProcess;
  readonly #channel: Duplex;
  readonly #events: HostEvents;
  readonly #reader = new FrameReader();
  readonly #late: NodeJS.Timeout;
  readonly #stopping = new Set<number>();
  #pid: number | null = null;
  #figures: ProcessFigures | null = null;
  #watch: NodeJS.Timeout | null = null;
  readonly #groups: MemoryGroups | null;
  #group: MemoryGroup | null = null;
  #baseBytes = 0;
  /** What was resident when the first of the tasks that it now has began: what earlier ones left is not theirs. */
  #standingBytes = 0;
  #peakBytes = 0;
  readonly #waiting: (() => void)[] = [];
  #yields = false;
  #gone = false;

  constructor(options: HostOptions, events: HostEvents) {
    this.wall = options.probed.wall;
    this.#groups = options.groups;
    this.#events = events;
    this.#child = spawnBehind(options.probed, options.files, options.limits);
    this.#channel = this.#child.stdio[CHANNEL] as Duplex;
    this.#channel.on('data', (chunk: Buffer) => this.#heard(chunk));
    this.#channel.on('drain', () => this.#caughtUp());
    this.#channel.on('error', () => this.#lost('died'));
    this.#channel.on('end', () => this.#lost('died'));
    this.#channel.on('close', () => this.#lost('died'));
    this.#child.on('error', () => this.#lost('died'));
    // What it said last may still be in the channel, as a result is of a task that spins when it has said it: the end of the
    // channel comes behind that.
    this.#child.on('exit', () => setTimeout(() => this.#lost('died'), LAST_WORDS_MS).unref());
    // Read and dropped, so that a flood on it cannot block or fill anything; a crash report is not ours to log.
    this.#child.stderr?.resume();
    this.#late = setTimeout(() => this.#lost('died'), options.bootMs);
    this.#send(encodeFrame({ kind: FRAME.setup, slot: 0, json: JSON.stringify(options.setup()) }));
  }

  /** It is one more of a tenant that fills its first. */
  yieldTo(): void {
    if (this.#yields) return;
    this.#yields = true;
    this.#renice(NICE.further);
  }

  /** Of each thread, as Linux has it; those that start later inherit it. */
  #renice(niceness: number): void {
    if (this.#pid === null) return;
    try {
      for (const thread of readdirSync(`/proc/${this.#pid}/task`)) setPriority(Number(thread), niceness);
    } catch {
      // Gone meanwhile, or not ours to change: then it shares as any process does.
    }
  }

  /** Resolves when the operating system has let it go. */
  get exited(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null || this.#child.pid === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  /** Most that was resident beyond what stood there when the first of its tasks began, as far as the watch saw. */
  get peakBytes(): number {
    return this.#peakBytes - this.#standingBytes;
  }

  /** CPU time of the whole process so far, ms, by the kernel's account; 0 when it cannot be read. */
  cpuMs(): number {
    return this.#figures?.cpuMs() ?? 0;
  }

  run(slot: number, message: RunMessage): void {
    if (this.slots.size === 0) {
      this.#standingBytes = Math.max(this.#baseBytes, this.#rss());
      this.#peakBytes = this.#standingBytes;
    }
    this.slots.set(slot, message.memory_mb);
    this.served += 1;
    this.#group?.allow(this.#standingBytes - this.#baseBytes + this.#allowance() + GROUP_SLACK);
    this.#watch ??= setInterval(() => this.#checkMemory(), RSS_CHECK_MS);
    this.#send(encodeFrame({ kind: FRAME.run, slot, json: JSON.stringify(message) }));
  }

  /** @param json of a `ReplyMessage`. Throws a `RangeError` when it is too large for a frame. */
  reply(slot: number, call: number, json: string, bytes?: Uint8Array): void {
    if (!this.slots.has(slot)) return;
    this.#send(encodeFrame({ kind: FRAME.reply, slot, call, json, ...(bytes && { bytes }) }));
  }

  /** At once, or when it has read what it was told before (T-66). Never, when it is lost. */
  whenHeard(run: () => void): void {
    if (this.#channel.writableLength <= MUCH_UNREAD && this.#waiting.length === 0) run();
    else this.#waiting.push(run);
  }

  #caughtUp(): void {
    while (this.#channel.writableLength <= MUCH_UNREAD) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next();
    }
  }

  /** Nobody waits for what it said last any more. */
  answered(): void {
    this.#send(encodeFrame({ kind: FRAME.answered, slot: 0, json: '' }));
  }

  /** Ends a task by force. A host that does not confirm it in time is stuck, and lost. */
  stop(slot: number, now: number): void {
    this.#stopping.add(slot);
    this.#send(encodeFrame({ kind: FRAME.end, slot }));
    const late = setTimeout(() => {
      if (this.#stopping.has(slot)) this.#lost('stuck');
    }, STOP_MS);
    late.unref();
    this.release(slot, now);
  }

  /** The task is over, as far as we are concerned. */
  release(slot: number, now: number): void {
    this.slots.delete(slot);
    this.idleSince = now;
    if (this.slots.size > 0 || this.#watch === null) return;
    clearInterval(this.#watch);
    this.#watch = null;
  }

  /** Kills it. Its tasks are the caller's to settle. */
  kill(cause: HostLoss = 'ended'): void {
    this.#lost(cause);
  }

  #send(frame: Buffer): void {
    if (this.#gone) return;
    this.#channel.write(frame);
    if (this.#channel.writableLength > MAX_UNREAD) this.#lost('protocol');
  }

  #heard(chunk: Buffer): void {
    if (this.#gone) return;
    try {
      for (const frame of this.#reader.push(chunk)) this.#take(frame);
    } catch {
      this.#lost('protocol');
    }
  }

  #take(frame: Frame): void {
    if (frame.kind === FRAME.hello) {
      if (this.isReady) throw new RangeError('hello twice');
      this.isReady = true;
      clearTimeout(this.#late);
      this.#pid = innermost(this.#child.pid);
      this.#figures = this.#pid === null ? null : new ProcessFigures(this.#pid);
      this.#baseBytes = this.#rss();
      this.#renice(NICE.first);
      if (this.#pid !== null) this.#group = this.#groups?.hold(this.#pid) ?? null;
      this.#events.ready(this, frame.json);
    } else if (frame.kind < FRAME.hello) throw new RangeError('a frame that only the supervisor sends');
    else if (frame.kind === FRAME.ended) this.#stopping.delete(frame.slot);
    else if (this.slots.has(frame.slot)) this.#events.frame(this, frame);
    // Else: the last words of a task that was ended meanwhile.
  }

  /** INVARIANT: whatever a host does to its own memory accounting, this is read from the kernel. */
  #checkMemory(): void {
    const rss = this.#rss();
    this.#peakBytes = Math.max(this.#peakBytes, rss);
    if (rss > this.#standingBytes + this.#allowance()) this.#lost('memory');
  }

  /** What its tasks may make it grow by. Twice, as V8's limit is a guideline, and the growth of what is booted ahead. */
  #allowance(): number {
    let asked = 0;
    for (const mb of this.slots.values()) asked += mb;
    return (asked * 2 + 64) * MB;
  }

  /** Bytes now resident beyond what it needed to be ready. */
  grownBytes(): number {
    return this.#rss() - this.#baseBytes;
  }

  #rss(): number {
    return this.#figures?.residentBytes() ?? 0;
  }

  #lost(cause: HostLoss): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#late);
    if (this.#watch) clearInterval(this.#watch);
    if (this.#pid !== null) killQuietly(this.#pid);
    this.#child.kill('SIGKILL');
    this.#channel.destroy();
    this.#waiting.length = 0;
    const starved = cause === 'died' && this.#group?.killed;
    void this.exited.then(() => this.#group?.remove());
    this.#events.gone(this, starved ? 'memory' : cause);
    this.#figures?.close();
    this.#figures = null;
  }
}

/** The process behind the wall: the last of the chain of only children. */
function innermost(pid: number | undefined): number | null {
  if (pid === undefined) return null;
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ');
    return child ? innermost(Number(child)) : pid;
  } catch {
    return pid;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
