/** What every command has: streams, environment, and the ways to fail. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { NoteVerifier } from '../audit/signed-note.ts';
import type { ListenAddress } from '../config/listen-address.ts';
import type { Config } from '../config/schema.ts';
import { type Problem, problemText, type Result } from '../core/result.ts';

export interface CliIo {
  readonly stdout: (text: string | Uint8Array) => void;
  readonly stderr: (text: string) => void;
  /** Whether a person's terminal reads `stdout`, and does what control characters tell it to. */
  readonly isTerminal: boolean;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** What needs the whole appliance; the composition root hands it in. */
export interface ApplianceCommands {
  readonly version: string;
  serve(
    options: { readonly config: Config; readonly demo: boolean; readonly demoPort: number },
    io: CliIo,
  ): Promise<number>;
  tour(options: { readonly json: boolean }, io: CliIo): Promise<number>;
  /** A witness of other logs, until it is told to stop. */
  witness(
    options: {
      readonly dir: string;
      readonly name: string;
      readonly listen: ListenAddress;
      readonly logs: readonly NoteVerifier[];
    },
    io: CliIo,
  ): Promise<number>;
  /** Which walls would stand round isolate hosts here, tried for real. */
  isolateWalls(): Promise<{ readonly wall: string; readonly memory: 'cgroup' | 'watchdog' }>;
  /** The public key of this node in a fleet; made where there is none yet. */
  fleetKey(config: Config): Promise<string>;
  /** An appliance for the length of one command; throws when it cannot start. */
  brief(config: Config, demo: boolean): Promise<{ readonly state: string; stop(): Promise<void> }>;
}

export interface CliContext {
  readonly io: CliIo;
  readonly appliance: ApplianceCommands;
}

/** Exit codes of every command. */
export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3, internal: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a message for a person and an exit code. */
export class CliFailure extends Error {
  readonly exit: ExitCode;
  /** What the admin API said, when it was that which refused. */
  readonly fault: { readonly code?: string } | null;
  constructor(exit: ExitCode, message: string, fault: CliFailure['fault'] = null) {
    super(message);
    this.exit = exit;
    this.fault = fault;
  }
}

/** Options that every command takes. */
export interface CommonOptions {
  readonly config?: string;
  readonly state?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
  readonly admin?: string;
}

/** The value, or an exit with every problem, a line each. */
export function must<T>(loaded: Result<T, Problem[]>, exit: ExitCode = EXIT.usage): T {
  if (loaded.ok) return loaded.value;
  throw new CliFailure(exit, loaded.error.map(problemText).join('\n'));
}

/** A file that the user named; exits 2 when it cannot be read. */
export function textOf(file: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new CliFailure(EXIT.usage, `cannot read \`${file}\` (${cause}); check its path`);
  }
}

/** All of a stream, bounded. */
export async function readAll(stream: AsyncIterable<Uint8Array>, most = 64 * 1024 * 1024): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > most) throw new CliFailure(EXIT.usage, `the input is larger than ${most} bytes; split it`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
