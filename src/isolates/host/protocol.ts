/** What the frames say: the JSON texts that supervisor and host exchange. */

/** Supervisor → host, once, before anything else. */
export interface SetupMessage {
  /** The script that the snapshot is made from. */
  readonly runtime: string;
  /** Isolates kept booted ahead. */
  readonly ahead: number;
  /** Memory limit of those booted before the first task, MB. */
  readonly memory_mb: number;
}

/** Supervisor → host: run this code in a fresh isolate. */
export interface RunMessage {
  readonly code: string;
  readonly language: 'js' | 'ts';
  /** JSON text of the input. */
  readonly input: string;
  readonly memory_mb: number;
  readonly cpu_ms: number;
  readonly output_bytes: number;
  readonly webassembly: boolean;
  /** Whether `env.storage` exists; names of `env.tools`. */
  readonly storage: boolean;
  readonly tools: readonly string[];
  /** Whether anybody listens while it runs: parts of a result are told as they come. */
  readonly stream: boolean;
  /** Another frame says when whoever asked has the answer: nothing is made ready for the next task until then. */
  readonly awaited: boolean;
}

/** Host → supervisor: ready for tasks. */
export interface HelloMessage {
  readonly boot_ms: readonly number[];
  readonly snapshot_ms: number;
  /** What one booted isolate takes before any task is in it. */
  readonly isolate_bytes: number;
}

/** Host → supervisor: tool code is about to run. */
export interface StartedMessage {
  /** From the order's arrival to the first line of tool code. */
  readonly boot_ms: number;
  /** Booted ahead, or made for this task. */
  readonly hit: boolean;
  /** Time to boot each isolate since the last report, taken or ahead. */
  readonly boots: readonly number[];
}

export const HOST_ENDINGS = ['completed', 'failed', 'cpu_exceeded', 'memory_exceeded', 'output_exceeded'] as const;
export type HostEnding = (typeof HOST_ENDINGS)[number];

export interface TaskFault {
  /** `Error`, `TypeError`, … or what the code named its own. */
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** `code` of an egress denial and the like, when the error carries one. */
  readonly code: string | null;
}

/** Host → supervisor: the task ended by itself, or within a limit that the host can see. */
export interface DoneMessage {
  /** Where the task was over before that was told by itself. */
  readonly started: StartedMessage | null;
  readonly status: HostEnding;
  /** JSON text; null unless completed. */
  readonly result: string | null;
  readonly error: TaskFault | null;
  readonly cpu_ms: number;
  readonly peak_memory_bytes: number;
  /** The engine lost control over the isolate: this process must end soon. */
  readonly doomed: boolean;
}

/** Supervisor → host: its answer. */
export type ReplyMessage =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: BindingFault };

/** An error as tool code sees it. */
export interface BindingFault {
  readonly name: string;
  readonly message: string;
  readonly code: string;
  readonly decision?: string;
  readonly would_allow?: readonly string[];
  readonly status?: number;
}

export const LIMITS = {
  /** Characters of one log line, of an error's message, of its stack. */
  logLine: 8 * 1024,
  message: 4 * 1024,
  stack: 8 * 1024,
  /** Log lines of one task. */
  logLines: 1000,
  /** Binding calls of one task that wait for a reply. */
  callsInFlight: 256,
  /** Characters of one call's JSON text, and of the texts and bytes of all that wait. */
  callText: 1280 * 1024,
  callsHeld: 16 * 1024 * 1024,
  /** Bytes of one chunk of a body. */
  chunk: 256 * 1024,
} as const;
