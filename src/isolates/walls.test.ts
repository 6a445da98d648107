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
  ['read', X64, 0, 0, ALLOW],
  ['mmap', X64, 9, 0, ALLOW],
  ['clone that makes a thread', X64, 56, 0x0001_0000, ALLOW],
  ['clone that makes a process', X64, 56, 17, ENOSYS],
  ['clone3', X64, 435, 0, ENOSYS],
  ['fork', X64, 57, 0, ENOSYS],
  ['socket', X64, 41, 0, ENOSYS],
  ['connect', X64, 42, 0, ENOSYS],
  ['ptrace', X64, 101, 0, ENOSYS],
  ['mount', X64, 165, 0, ENOSYS],
  ['bpf', X64, 321, 0, ENOSYS],
  ['io_uring_setup', X64, 425, 0, ENOSYS],
  ['unshare', X64, 272, 0, ENOSYS],
  ['process_vm_readv', X64, 310, 0, ENOSYS],
  ['a call of the x32 ABI', X64, 0x4000_0000, 0, KILL],
  ['a call of another architecture', 0x4000_0003, 1, 0, KILL],
] as const)('T-64 the system call filter judges %s', (_what, ...[arch, call, flags, verdict]) => {
  expect(judge(seccompProgram('x64'), { arch, call, flags })).toBe(verdict);
});
