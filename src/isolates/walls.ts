/**
 * The walls round an isolate host, strongest first; each is tried once, for real, and every task's record says which
 * one stood. An isolate is not a wall: these are (T-61, T-62, T-64).
 *
 * - `bubblewrap`: no network, no process outside, an empty read-only root with only the loader, the C and C++
 *   libraries, Node and the host's own files; no capabilities, no new user namespaces, a system call filter.
 * - `unshare`: no network and no process outside, but the file system can be seen; Node's permission model keeps
 *   JavaScript from it, not an attacker who has escaped V8.
 * - `process`: another process, with resource limits and Node's permission model.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type SeccompArch, seccompProgram } from './seccomp.ts';

export const WALLS = ['process', 'unshare', 'bubblewrap'] as const;
/** In rising order of strength. */
export type Wall = (typeof WALLS)[number];

export interface HostFiles {
  /** Folder of the host's own code. */
  readonly host: string;
  /** Name of the file in it that is run. */
  readonly entry: string;
  /** isolated-vm's compiled addon. */
  readonly addon: string;
}

export interface WallLimits {
  /** Private writable memory of the whole process, MB: the operating system's own limit behind the watchdog. */
  readonly dataMb: number;
}

/** Where the files stand inside the empty root. */
const INSIDE: Omit<HostFiles, 'entry'> = { host: '/host', addon: '/isolated-vm.node' };
const INSIDE_NODE = '/node';
const NOBODY = 65_534;
const CHANNEL_FD = 3;
const SECCOMP_FD = 4;
const PROBE_MS = 10_000;

const NODE_FLAGS = [
  '--no-node-snapshot',
  '--disable-warning=ExperimentalWarning',
  '--disable-wasm-trap-handler',
  '--max-old-space-size=512',
  '--permission',
  '--allow-addons',
];

interface Command {
  readonly argv: readonly string[];
  /** Run as nobody, outside too: possible for root only. */
  readonly drop: boolean;
}

/** The strongest wall that stands here, at most `strongest`. Each candidate runs Node once behind it. */
export function probeWall(files: HostFiles, strongest: Wall = 'bubblewrap'): { wall: Wall; drop: boolean } {
  for (const wall of WALLS.slice(0, WALLS.indexOf(strongest) + 1).reverse()) {
    for (const drop of process.getuid?.() === 0 ? [true, false] : [false]) {
      if (stands(wall, drop, files)) return { wall, drop };
    }
  }
  return { wall: 'process', drop: false };
}

export function weakerThan(wall: Wall, minimum: Wall): boolean {
  return WALLS.indexOf(wall) < WALLS.indexOf(minimum);
}

/** Starts a host behind a wall; descriptor 3 is its channel. */
export function spawnBehind(
  probed: { readonly wall: Wall; readonly drop: boolean },
  files: HostFiles,
  limits: WallLimits,
): ChildProcess {
  const seen = probed.wall === 'bubblewrap' ? INSIDE : files;
  const tail = [`--allow-fs-read=*`, join(seen.host, files.entry), seen.addon];
  const { argv, drop } = commandFor(probed.wall, probed.drop, files, tail);
  const filter = probed.wall === 'bubblewrap' ? openFilter() : null;
  const [program, ...args] = limited(argv, limits);
  const child = spawn(program as string, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...(filter === null ? [] : [filter])],
    env: { TZ: 'UTC', LANG: 'C.UTF-8' },
    cwd: '/',
    ...(drop && { uid: NOBODY, gid: NOBODY }),
  });
  if (filter !== null) closeSync(filter);
  return child;
}

/** The descriptor number of the channel, in the child's `stdio`. */
export const CHANNEL = CHANNEL_FD;

function stands(wall: Wall, drop: boolean, files: HostFiles): boolean {
  const { argv } = commandFor(wall, drop, files, ['--version']);
  const filter = wall === 'bubblewrap' ? openFilter() : null;
  const [program, ...args] = argv;
  const done = spawnSync(program as string, args, {
    stdio: ['ignore', 'pipe', 'ignore', 'ignore', ...(filter === null ? [] : [filter])],
    env: { TZ: 'UTC', LANG: 'C.UTF-8' },
    cwd: '/',
    timeout: PROBE_MS,
    ...(drop && { uid: NOBODY, gid: NOBODY }),
  });
  if (filter !== null) closeSync(filter);
  return done.status === 0 && done.stdout.toString().trim() === process.version;
}

function commandFor(wall: Wall, drop: boolean, files: HostFiles, tail: readonly string[]): Command {
  if (wall === 'bubblewrap') return { argv: [...bubblewrap(files), INSIDE_NODE, ...NODE_FLAGS, ...tail], drop };
  const node = [process.execPath, ...NODE_FLAGS, ...tail];
  if (wall === 'process') return { argv: node, drop };
  const spaces = ['--user', '--map-current-user', '--net', '--ipc', '--uts', '--pid', '--fork', '--kill-child=KILL'];
  return { argv: ['unshare', ...spaces, '--', ...node], drop };
}

function bubblewrap(files: HostFiles): string[] {
  const libraries = sharedLibraries();
  const folders = [...new Set(libraries.map((path) => dirname(path)))];
  return [
    'bwrap',
    ...['--unshare-all', '--unshare-user', '--disable-userns', '--die-with-parent', '--new-session', '--as-pid-1'],
    ...['--uid', String(NOBODY), '--gid', String(NOBODY), '--hostname', 'isolates', '--cap-drop', 'ALL'],
    ...['--clearenv', '--setenv', 'TZ', 'UTC', '--setenv', 'LD_LIBRARY_PATH', folders.join(':')],
    ...['--tmpfs', '/'],
    ...libraries.flatMap((path) => ['--ro-bind', path, path]),
    ...['--ro-bind', process.execPath, INSIDE_NODE],
    ...['--ro-bind', files.host, INSIDE.host],
    ...['--ro-bind', files.addon, INSIDE.addon],
    ...['--remount-ro', '/', '--chdir', '/', '--seccomp', String(SECCOMP_FD), '--'],
  ];
}

let libraryPaths: readonly string[] | null = null;

/** The loader and the libraries that this very Node runs on. */
function sharedLibraries(): readonly string[] {
  if (libraryPaths) return libraryPaths;
  const report = Object.assign(process.report, { excludeNetwork: true }).getReport() as { sharedObjects?: string[] };
  const names = /\/(ld-linux[^/]*|ld-musl[^/]*|lib(c|m|dl|pthread|rt|gcc_s|stdc\+\+|atomic)(\.musl-[^/]+)?\.so[.\d]*)$/;
  libraryPaths = (report.sharedObjects ?? []).filter((path) => names.test(path) && existsSync(path));
  return libraryPaths;
}

/** The filter in a file that no longer has a name; bubblewrap reads it from the descriptor. */
function openFilter(): number {
  const folder = mkdtempSync(join(tmpdir(), 'locktender-'));
  try {
    const path = join(folder, 'filter');
    writeFileSync(path, seccompProgram(process.arch as SeccompArch), { mode: 0o600 });
    return openSync(path, 'r');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const PRLIMIT = ['/usr/bin/prlimit', '/bin/prlimit'].find((path) => existsSync(path));

/**
 * What a thread of a host has for its stack. An isolate's engine uses all of it, and an overflow of the 8 MB that are common
 * took half a second of CPU; this is twice what Node gives JavaScript.
 */
const THREAD_STACK = 2 * 1024 * 1024;

/** No core dumps, no files written, few descriptors, bounded memory and stacks. Inherited by what runs behind the wall. */
function limited(argv: readonly string[], limits: WallLimits): string[] {
  if (PRLIMIT === undefined) return [...argv];
  const data = limits.dataMb * 1024 * 1024;
  return [PRLIMIT, '--core=0', '--fsize=0', '--nofile=128', `--stack=${THREAD_STACK}`, `--data=${data}`, '--', ...argv];
}
