/**
 * Runs a command whose only way out is the gate: a network namespace with nothing in it but loopback, and one unix
 * socket through which a bridge inside reaches the gate outside. The relay outside puts the pass into each request: the command
 * never holds it, so it cannot give it away, and clients that know no proxy password need none (T-49).
 *
 *     command ── 127.0.0.1:3128 (inside) ── bridge ── unix socket ── relay (outside) ── gate
 *
 * Variables make tools go to the bridge; tools that ignore them reach nothing at all. The wall is bubblewrap's
 * (`--unshare-net`); where it cannot stand, the caller is told and nothing runs.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { err, ok, type Result } from '../core/result.ts';
import { type Gate, startPassRelay } from './pass-relay.ts';

const BRIDGE = fileURLToPath(new URL('./bridge-worker.ts', import.meta.url));

/** Port of the bridge inside the namespace; nothing else listens there. */
export const BRIDGE_PORT = 3128;

export interface SandboxedCommand {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface WalledCommand extends SandboxedCommand {
  readonly gate: Gate;
  /** `<task>:<token>` in base64, as it is now: what each request goes to the gate with. */
  readonly credentials: () => string;
  /** Shown and hidden paths: the state directory of the appliance must not be seen by what it walls. */
  readonly hide: readonly string[];
  /** Nothing outside the working directory and the temporary one can be written. */
  readonly readOnly?: boolean;
}

/** Null when the wall can stand here; else why not, with what to do. */
export function wallProblem(): string | null {
  const probe = spawnSync('bwrap', ['--unshare-net', '--unshare-user-try', '--dev-bind', '/', '/', '--', '/bin/true'], {
    encoding: 'utf8',
  });
  if (probe.error) return 'bubblewrap is not installed; install it (`apt-get install bubblewrap`)';
  if (probe.status === 0) return null;
  const said = probe.stderr.trim().split('\n')[0] ?? '';
  return `bubblewrap cannot make a network namespace here (${said}); allow user namespaces, or run as root`;
}

/** Runs it to its end. The value is the exit code in the shell's convention (128 + signal). */
export async function runWalled(order: WalledCommand): Promise<Result<number, string>> {
  const problem = wallProblem();
  if (problem) return err(problem);
  const dir = mkdtempSync(join(tmpdir(), 'locktender-run-'));
  const relay = await startPassRelay({ path: join(dir, 'gate.sock') }, order.gate, order.credentials);
  try {
    const child = spawn('bwrap', wallArguments(order, dir), {
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
      env: given(order.environment),
    });
    const signals = child.stdio[3] as Writable;
    signals.on('error', () => undefined);
    return ok(await exitCode(child, (signal) => void signals.write(`${signal}\n`)));
  } finally {
    relay.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs it with the variables alone, for machines where no wall can stand: a client that ignores them goes round the gate. */
export async function runUnwalled({
  command: [program = '', ...rest],
  environment,
}: SandboxedCommand): Promise<number> {
  const child = spawn(program, rest, { stdio: 'inherit', env: given(environment) });
  return await exitCode(child, (signal) => void child.kill(signal)).catch((error: NodeJS.ErrnoException) => {
    process.stderr.write(`locktender run: cannot start \`${program}\`: ${error.code ?? 'failed'}\n`);
    return error.code === 'ENOENT' ? 127 : 126;
  });
}

/** Without what is for us: the admin API's token, a gateway key or a parent proxy's login is for no sandbox. */
function given(environment: SandboxedCommand['environment']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('LOCKTENDER_'),
    ),
  );
}

/** The wall, as arguments. Exported for its test: each line closes one way out. */
export function wallArguments(
  order: Pick<WalledCommand, 'command' | 'hide' | 'readOnly'>,
  socketDir: string,
): string[] {
  const hidden = [...order.hide].filter((path) => existsSync(path));
  const covered = [...hidden, '/run', '/dev', '/proc'];
  const sockets = listeningSockets().filter((path) => !covered.some((dir) => path.startsWith(`${dir}/`)));
  return [
    '--unshare-net',
    '--unshare-ipc',
    '--unshare-pid',
    '--unshare-user-try',
    '--die-with-parent',
    ...(order.readOnly === true
      ? ['--ro-bind', '/', '/', ...[process.cwd(), tmpdir()].flatMap((path) => ['--bind', path, path])]
      : ['--bind', '/', '/']),
    // Devices that every program may use, and the terminals; a root without them cannot write to a disk behind the wall.
    ...['--dev', '/dev'],
    ...['--dev-bind', '/dev/pts', '/dev/pts'],
    ...['--proc', '/proc'],
    // Daemons' sockets (container engines, buses, agents) live here, and each would be a way out.
    ...['--tmpfs', '/run'],
    ...hidden.flatMap((path) => ['--tmpfs', path]),
    ...sockets.flatMap((path) => ['--ro-bind', '/dev/null', path]),
    ...['--ro-bind', socketDir, socketDir],
    ...['--cap-drop', 'ALL'],
    '--',
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    BRIDGE,
    join(socketDir, 'gate.sock'),
    String(BRIDGE_PORT),
    ...order.command,
  ];
}

/**
 * Files through which programs outside listen: agents of ssh and gpg, tmux, databases, engines outside `/run`. A network
 * namespace does not close them, since they are found by path.
 *
 * KNOWN GAP: one that begins to listen after the wall stands, where the command can see it, is not hidden.
 */
function listeningSockets(): string[] {
  const table = readFileSync('/proc/net/unix', 'utf8');
  const paths = [...table.matchAll(/^\S+ \S+ \S+ \S+ \S+ \S+ +\d+ (\/.+)$/gm)].map((match) => match[1] ?? '');
  return [...new Set(paths.flatMap(socketAt))];
}

/** Its path without symbolic links, which the wall could not cover; none when it is gone or out of reach. */
function socketAt(path: string): string[] {
  try {
    const real = realpathSync(path);
    return statSync(real).isSocket() ? [real] : [];
  } catch {
    return [];
  }
}

/**
 * Passes signals on while the child lives. Behind the wall they go by name through its fourth descriptor: bubblewrap itself
 * would die of them and take the command with it. The terminal's own reach the command through the foreground group.
 */
function exitCode(child: ChildProcess, pass: (signal: NodeJS.Signals) => void): Promise<number> {
  const passed = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
  const handlers = passed.map((signal) => ({ signal, handler: () => pass(signal) }));
  for (const { signal, handler } of handlers) process.on(signal, handler);
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  const settled = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  return settled.finally(() => {
    for (const { signal, handler } of handlers) process.off(signal, handler);
    process.off('SIGINT', ignore);
  });
}
