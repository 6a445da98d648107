/**
 * The system call filter of an isolate host, as classic BPF (seccomp(2)), for bubblewrap's `--seccomp FD`.
 *
 * An allow list: what Node needs once its files can be read and its one descriptor is open. All else answers `ENOSYS`,
 * as on an older kernel, so that libraries fall back. New processes, sockets, mounts, tracing, io_uring, BPF, keys
 * and user namespaces are not on it; `clone` only makes threads.
 */

/** Name → number on x86-64 and on arm64 (the generic table); null where the call does not exist. */
const CALLS: Readonly<Record<string, readonly [number | null, number | null]>> = {
  read: [0, 63],
  write: [1, 64],
  open: [2, null],
  openat: [257, 56],
  close: [3, 57],
  close_range: [436, 436],
  stat: [4, null],
  fstat: [5, 80],
  lstat: [6, null],
  newfstatat: [262, 79],
  statx: [332, 291],
  poll: [7, null],
  ppoll: [271, 73],
  lseek: [8, 62],
  mmap: [9, 222],
  mprotect: [10, 226],
  munmap: [11, 215],
  mremap: [25, 216],
  madvise: [28, 233],
  mincore: [27, 232],
  brk: [12, 214],
  membarrier: [324, 283],
  pkey_alloc: [330, 289],
  pkey_free: [331, 290],
  pkey_mprotect: [329, 288],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  rt_sigreturn: [15, 139],
  rt_sigtimedwait: [128, 137],
  sigaltstack: [131, 132],
  ioctl: [16, 29],
  pread64: [17, 67],
  pwrite64: [18, 68],
  readv: [19, 65],
  writev: [20, 66],
  preadv: [295, 69],
  access: [21, null],
  faccessat: [269, 48],
  faccessat2: [439, 439],
  readlink: [89, null],
  readlinkat: [267, 78],
  getcwd: [79, 17],
  getdents64: [217, 61],
  pipe2: [293, 59],
  eventfd2: [290, 19],
  epoll_create1: [291, 20],
  epoll_ctl: [233, 21],
  epoll_wait: [232, null],
  epoll_pwait: [281, 22],
  epoll_pwait2: [441, 441],
  dup: [32, 23],
  dup2: [33, null],
  dup3: [292, 24],
  fcntl: [72, 25],
  sched_yield: [24, 124],
  sched_getaffinity: [204, 123],
  sched_getparam: [143, 121],
  sched_getscheduler: [145, 120],
  getpriority: [140, 141],
  nanosleep: [35, 101],
  clock_nanosleep: [230, 115],
  clock_gettime: [228, 113],
  clock_getres: [229, 114],
  gettimeofday: [96, 169],
  times: [100, 153],
  getpid: [39, 172],
  getppid: [110, 173],
  gettid: [186, 178],
  getuid: [102, 174],
  geteuid: [107, 175],
  getgid: [104, 176],
  getegid: [108, 177],
  getrlimit: [97, 163],
  prlimit64: [302, 261],
  getrusage: [98, 165],
  sysinfo: [99, 179],
  uname: [63, 160],
  capget: [125, 90],
  getrandom: [318, 278],
  prctl: [157, 167],
  arch_prctl: [158, null],
  set_tid_address: [218, 96],
  set_robust_list: [273, 99],
  rseq: [334, 293],
  futex: [202, 98],
  futex_waitv: [449, 449],
  tgkill: [234, 131],
  restart_syscall: [219, 128],
  recvfrom: [45, 207],
  recvmsg: [47, 212],
  sendto: [44, 206],
  sendmsg: [46, 211],
  shutdown: [48, 210],
  getsockname: [51, 204],
  getpeername: [52, 205],
  getsockopt: [55, 209],
  setsockopt: [54, 208],
  exit: [60, 93],
  exit_group: [231, 94],
  // Node itself, once, after the filter is in force; the root holds nothing else that can be run.
  execve: [59, 221],
};
const CLONE = [56, 220] as const;
const CLONE_THREAD = 0x0001_0000;

const AUDIT_ARCH = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
export type SeccompArch = keyof typeof AUDIT_ARCH;
/** Bit of the x32 ABI, whose calls alias the x86-64 ones. */
const X32 = 0x4000_0000;

const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_SET = 0x45;
const RETURN = 0x06;
const KILL_PROCESS = 0x8000_0000;
const ALLOW = 0x7fff_0000;
const ENOSYS = 0x0005_0000 | 38;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];

/** The filter program: an array of `struct sock_filter`, native (little) endian. */
export function seccompProgram(arch: SeccompArch): Uint8Array {
  const column = arch === 'x64' ? 0 : 1;
  const numbers = Object.values(CALLS).flatMap((row) => row[column] ?? []);
  return assemble([
    [LOAD, 0, 0, 4],
    [JUMP_EQUAL, 1, 0, AUDIT_ARCH[arch]],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, 0],
    [JUMP_AT_LEAST, 0, 1, X32],
    [RETURN, 0, 0, KILL_PROCESS],
    [JUMP_EQUAL, 0, 4, CLONE[column]],
    // `clone` is allowed when its flags (first argument, low word) make a thread of this very process.
    [LOAD, 0, 0, 16],
    [JUMP_SET, 0, 1, CLONE_THREAD],
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ENOSYS],
    // One compare and one return a call: no jump is longer than one, so the list may grow.
    ...numbers.flatMap((number): Instruction[] => [
      [JUMP_EQUAL, 0, 1, number],
      [RETURN, 0, 0, ALLOW],
    ]),
    [RETURN, 0, 0, ENOSYS],
  ]);
}

function assemble(program: readonly Instruction[]): Uint8Array {
  const out = Buffer.alloc(program.length * 8);
  for (const [i, [code, ifTrue, ifFalse, k]] of program.entries()) {
    out.writeUInt16LE(code, i * 8);
    out.writeUInt8(ifTrue, i * 8 + 2);
    out.writeUInt8(ifFalse, i * 8 + 3);
    out.writeUInt32LE(k, i * 8 + 4);
  }
  return out;
}
