/**
 * T-81 the whole program when its disk will take no more: what the kernel does for real, not what a stub says. The limit
 * on the size of files needs no privilege; a full and a read-only file system are tried too where mounting is allowed.
 */

import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute, type RunningAppliance, startProgram, temporaryDirectory } from '../journey/running-appliance.ts';

interface Trouble {
  readonly name: string;
  /** Takes the disk away, and gives it back. */
  readonly begin: (appliance: RunningAppliance) => void;
  readonly end: (appliance: RunningAppliance) => void;
}

const directory = temporaryDirectory();
const disk = join(directory.path, 'disk');
mkdirSync(disk);
const mounted = mounts();
let appliance: RunningAppliance;
let proxy = '';
let port = '';

/** A file system of its own, 24 MB, where this machine lets us. */
function mounts(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0700', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function fill(): void {
  const file = openSync(join(disk, 'ballast'), 'w');
  const block = Buffer.alloc(65_536);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    closeSync(file);
  }
  expect(statfsSync(disk).bavail).toBe(0);
}

const limit = (soft: string) => (of: RunningAppliance) =>
  void execFileSync('prlimit', ['--pid', String(of.process.pid), `--fsize=${soft}:unlimited`]);
const remount = (mode: string) => () => void execFileSync('mount', ['-o', `remount,${mode}`, disk]);

const LIMIT: Trouble = { name: 'files may not grow (EFBIG)', begin: limit('1024'), end: limit('unlimited') };
const MOUNTED: readonly Trouble[] = [
  { name: 'the file system is full (ENOSPC)', begin: fill, end: () => rmSync(join(disk, 'ballast')) },
];
const READ_ONLY: Trouble = { name: 'the file system is read-only (EROFS)', begin: remount('ro'), end: remount('rw') };

const REFUSED = /^HTTP\/[0-9.]+ 503 /m;

async function ask(): Promise<string> {
  const url = `https://docs.demo.test:${port}/`;
  return (await execute(['curl', '-sSi', '-m', '20', '-k', '-x', proxy, url])).stdout;
}

/** Whether the newest segment of the journal ends in zeros that were written ahead. */
function endsInRoom(): boolean {
  const folder = join(disk, 'state/audit/journal');
  const newest = readdirSync(folder).sort().at(-1);
  return (
    newest === undefined ||
    readFileSync(join(folder, newest))
      .subarray(-64)
      .every((byte) => byte === 0)
  );
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 100 && !(await done()); i += 1) await new Promise((resolve) => setTimeout(resolve, 100));
}

beforeAll(async () => {
  appliance = await startProgram(join(disk, 'state'));
  port = appliance.door('demonstration origins').split(':')[1] ?? '';
  const { stdout } = await appliance.cli('pass', 'issue', '--tenant', 'acme', '--json');
  proxy = (JSON.parse(stdout) as { proxy_url: string }).proxy_url;
}, 60_000);
afterAll(async () => {
  await appliance?.stop();
  if (mounted) execFileSync('umount', ['-l', disk]);
  directory.remove();
});

describe.each([LIMIT, ...(mounted ? MOUNTED : [])])('T-81 $name', ({ begin, end }) => {
  it('denies new work with the reason, says so at readyz, and admits work again by itself', async () => {
    expect(await ask()).toMatch(/HTTP\/1\.1 200 /);
    // What the journal made ready while records came fast would be used up first.
    await expect.poll(endsInRoom, { timeout: 10_000 }).toBe(false);
    begin(appliance);
    let answer = '';
    try {
      // The journal's last page may have room for the records of one exchange, hardly of three.
      for (let n = 0; n < 3 && !REFUSED.test(answer); n += 1) answer = await ask();
      const status = JSON.parse((await appliance.cli('status', '--json')).stdout) as Record<string, unknown>;
      expect(status).toMatchObject({ ready: false, recording: false });
    } finally {
      end(appliance);
    }
    // The tunnel may have been on record before the disk was full: then the request inside it is refused.
    expect(answer).toMatch(REFUSED);
    expect(answer).toMatch(/details=\\?"audit_unavailable: /);
    await until(async () => (await ask()).includes('HTTP/1.1 200'));
    expect(await ask()).toMatch(/HTTP\/1\.1 200 /);
    const verified = await appliance.cli('audit', 'verify', '--json');
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, fault: null });
  });
});

it.runIf(mounted)(
  `T-81 refuses to start where ${READ_ONLY.name}, and says so`,
  async () => {
    await appliance.stop();
    READ_ONLY.begin(appliance);
    try {
      const refused = await startProgram(join(disk, 'state')).then(
        () => 'started',
        (error: Error) => error.message,
      );
      expect(refused).toMatch(/EROFS|read-only/);
    } finally {
      READ_ONLY.end(appliance);
    }
    appliance = await startProgram(join(disk, 'state'));
    expect(appliance.lines.at(-1)).toBe('ready');
  },
  60_000,
);
