/** Starts the real program on free ports, as a user would, and runs commands against it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../../bin/locktender', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningAppliance {
  readonly state: string;
  readonly process: ChildProcess;
  /** Lines that it printed, up to `ready`. */
  readonly lines: readonly string[];
  /** `host:port` of a door by the name that it was printed with. */
  door(name: string): string;
  /** Runs `locktender …` on the same state directory. */
  cli(...args: string[]): Promise<Ran>;
  /** SIGTERM, then waits; the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

const FREE = ['proxy.listen', 'socks.listen', 'gateway.listen', 'admin.listen'].flatMap((key) => [
  '--set',
  `${key}=127.0.0.1:0`,
]);

export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'locktender-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a program to its end. */
export function execute(
  command: readonly [string, ...string[]],
  options: { readonly env?: NodeJS.ProcessEnv; readonly input?: string | Uint8Array; readonly cwd?: string } = {},
): Promise<Ran> {
  const [program, ...args] = command;
  const child = spawn(program, args, { env: options.env ?? process.env, cwd: options.cwd ?? process.cwd() });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') }),
    );
  });
}

/** Rejects with what it printed when it ends before it is ready. */
export async function startProgram(state: string, extra: readonly string[] = []): Promise<RunningAppliance> {
  const args = ['serve', '--demo', '--demo-port', '0', '--state', state, ...FREE, ...extra];
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = await untilReady(child);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    state,
    process: child,
    lines,
    door: (name) => {
      const line = lines.find((l) => l.startsWith(`${name} `));
      if (line === undefined) throw new Error(`no door \`${name}\` among ${lines.join(', ')}`);
      return line.slice(name.length + 1);
    },
    cli: (...rest) => execute([PROGRAM, ...rest, '--state', state]),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function untilReady(child: ChildProcess): Promise<string[]> {
  let out = '';
  let err = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString('utf8');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`it ended with ${code} before it was ready: ${out}${err}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8');
      if (/^ready$/m.test(out)) resolve(out.trimEnd().split('\n'));
    });
  });
}
