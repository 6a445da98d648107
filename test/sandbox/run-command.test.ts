/** `locktender run` as a user types it, where no appliance runs: as root or an ordinary user, with and without a terminal. */

import { chownSync, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { execute, PROGRAM, type Ran, temporaryDirectory } from '../journey/running-appliance.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

/** A secret of the gate's own, as whoever runs both may have it in the shell. */
const env = { ...process.env, LOCKTENDER_GATEWAY_DEV_KEY: 'a-key-of-the-gateway' };
const run = (args: readonly string[]): Promise<Ran> => execute([PROGRAM, 'run', ...args], { cwd: directory.path, env });

/** A denial proves the way: the gate answered, and nothing was resolved or dialled. */
const ASK =
  "curl -si https://pastebin.com/ | head -1; curl -s --noproxy '*' --max-time 2 http://192.0.2.1/ || echo closed";

describe('run', () => {
  it('T-44 starts an appliance for the command where none runs, and nothing else is reached', async () => {
    const { code, stdout } = await run(['--', 'sh', '-c', `${ASK}; exit 5`]);
    expect(stdout).toContain('403 Forbidden (category_blocked)');
    expect(stdout).toContain('closed');
    expect(code).toBe(5);
  });

  it('T-49 the command never holds the pass, and clients without a proxy password work', async () => {
    const script = 'env; curl -si -x http://127.0.0.1:3128 https://pastebin.com/ | head -1';
    const { stdout } = await run(['--', 'sh', '-c', script]);
    expect(stdout).toMatch(/^HTTPS_PROXY=http:\/\/t_\w+:held-outside@127\.0\.0\.1:3128$/m);
    expect(stdout).not.toMatch(/eyJ|lt_|a-key-of|^LOCKTENDER_/m);
    expect(stdout).toContain('403 Forbidden (category_blocked)');
  });

  it('--read-only leaves the working directory and the temporary one to write in', async () => {
    const { stdout, stderr } = await run([
      ...['--read-only', '--', 'sh', '-c'],
      'touch inside && echo wrote; touch /etc/locktender-test && echo escaped',
    ]);
    expect(stdout).toBe('wrote\n');
    expect(stderr).toContain('Read-only file system');
    expect(existsSync('/etc/locktender-test')).toBe(false);
  });

  it('--unwalled says that there is no wall, and still sets the variables', async () => {
    const { code, stdout, stderr } = await run(['--unwalled', '--', 'sh', '-c', `${ASK.split(';')[0]}; env; exit 3`]);
    expect(stderr).toContain('no wall');
    expect(stdout).not.toMatch(/a-key-of/);
    expect(stdout).toContain('403 Forbidden (category_blocked)');
    expect(code).toBe(3);
    expect((await run(['--unwalled', '--', '/no/such/program'])).code).toBe(127);
  });

  it('gives the command the terminal that it was started from', async () => {
    const line = `${PROGRAM} run -- sh -c 'tty; exit 6'`;
    const { code, stdout } = await execute(['script', '-qec', line, '/dev/null'], { cwd: directory.path });
    expect(stdout).toContain('/dev/pts/');
    expect(code).toBe(6);
  });

  // An ordinary user needs to read the program; a checkout below root's home cannot be.
  it.runIf(process.getuid?.() === 0 && readableByAll(PROGRAM))('works for an ordinary user', async () => {
    chownSync(directory.path, 65534, 65534);
    const env = { PATH: process.env['PATH'], HOME: directory.path };
    const user = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', PROGRAM] as const;
    const { code, stdout } = await execute([...user, 'run', '--', 'sh', '-c', `id -u; ${ASK}; exit 4`], {
      cwd: directory.path,
      env,
    });
    expect(stdout).toContain('65534');
    expect(stdout).toContain('403 Forbidden (category_blocked)');
    expect(stdout).toContain('closed');
    expect(code).toBe(4);
  });
});

function readableByAll(path: string): boolean {
  for (let dir = dirname(path); dir !== '/'; dir = dirname(dir)) if ((statSync(dir).mode & 0o001) === 0) return false;
  return true;
}
