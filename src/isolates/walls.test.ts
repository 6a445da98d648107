import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { hostFiles } from './host-files.ts';
import { seccompProgram } from './seccomp.ts';
import { probeWall, weakerThan } from './walls.ts';

it('T-64 the strongest wall that stands here is bubblewrap, where it is installed', () => {
  const installed = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true']).status === 0;
  expect(probeWall(hostFiles()).wall === 'bubblewrap').toBe(installed);
  expect(probeWall(hostFiles(), 'process').wall).toBe('process');
  expect([weakerThan('process', 'bubblewrap'), weakerThan('bubblewrap', 'unshare')]).toEqual([true, false]);
});

interface Call {
  readonly arch: number;
  readonly call: number;
  readonly flags: number;
}

/** Runs a classic BPF program over `struct seccomp_data`: only what our programs use. */
function judge(program: Uint8Array, { arch, call, flags }: Call): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data: Readonly<Record<number, number>> = { 0: call, 4: arch, 16: flags };
  const tests: Readonly<Record<number, (held: number, k: number) => boolean>> = {
    21: (held, k) => held === k,
    53: (held, k) => held >= k,
    69: (held, k) => (held & k) !== 0,
  };
  let held = 0;
  for (let at = 0; ; at += 1) {
    const code = view.getUint16(at * 8, true);
    const k = view.getUint32(at * 8 + 4, true);
    if (code === 6) return k;
    if (code === 32) held = data[k] ?? 0;
    else at += view.getUint8(at * 8 + (tests[code]?.(held, k) ? 2 : 3));
  }
}

const X64 = 0xc000_003e;
const ALLOW = 0x7fff_0000;
const ENOSYS = 0x0005_0026;
const KILL = 0x8000_0000;

it.each([
  { what: 'read', arch: X64, call: 0, flags: 0, verdict: ALLOW },
  { what: 'mmap', arch: X64, call: 9, flags: 0, verdict: ALLOW },
  { what: 'clone that makes a thread', arch: X64, call: 56, flags: 0x0001_0000, verdict: ALLOW },
  { what: 'clone that makes a process', arch: X64, call: 56, flags: 17, verdict: ENOSYS },
  { what: 'clone3', arch: X64, call: 435, flags: 0, verdict: ENOSYS },
  { what: 'fork', arch: X64, call: 57, flags: 0, verdict: ENOSYS },
  { what: 'socket', arch: X64, call: 41, flags: 0, verdict: ENOSYS },
  { what: 'connect', arch: X64, call: 42, flags: 0, verdict: ENOSYS },
  { what: 'ptrace', arch: X64, call: 101, flags: 0, verdict: ENOSYS },
  { what: 'mount', arch: X64, call: 165, flags: 0, verdict: ENOSYS },
  { what: 'bpf', arch: X64, call: 321, flags: 0, verdict: ENOSYS },
  { what: 'io_uring_setup', arch: X64, call: 425, flags: 0, verdict: ENOSYS },
  { what: 'unshare', arch: X64, call: 272, flags: 0, verdict: ENOSYS },
  { what: 'process_vm_readv', arch: X64, call: 310, flags: 0, verdict: ENOSYS },
  { what: 'a call of the x32 ABI', arch: X64, call: 0x4000_0000, flags: 0, verdict: KILL },
  { what: 'a call of another architecture', arch: 0x4000_0003, call: 1, flags: 0, verdict: KILL },
])('T-64 the system call filter judges $what', ({ verdict, ...call }) => {
  expect(judge(seccompProgram('x64'), call)).toBe(verdict);
});
