/**
 * Runs inside the wall: `bridge-worker.ts SOCKET PORT COMMAND…`. Listens on the namespace's own loopback, carries each
 * connection to the gate's unix socket, runs the command beside it and ends with its exit code. Signals for the command
 * come by name on descriptor 3, one a line; the command does not inherit it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, Socket } from 'node:net';
import { constants } from 'node:os';

/** O_CLOEXEC as /proc shows it (proc_pid_fdinfo(5)). */
const CLOSED_ON_EXEC = 0o2000000;

const [socketPath = '', port = '', command = '', ...args] = process.argv.slice(2);

closeInherited();

const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ path: socketPath, allowHalfOpen: true });
  near.pipe(far);
  far.pipe(near);
  const drop = () => {
    near.destroy();
    far.destroy();
  };
  near.on('error', drop);
  far.on('error', drop);
});

server.listen(Number(port), '127.0.0.1', () => {
  const child = spawn(command, args, { stdio: 'inherit' });
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  passSignals(child);
  child.once('error', (error: NodeJS.ErrnoException) => {
    process.stderr.write(`locktender run: cannot start \`${command}\`: ${error.code ?? 'failed'}\n`);
    process.exit(error.code === 'ENOENT' ? 127 : 126);
  });
  child.once('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
});

/**
 * What the caller of `run` had open, a socket perhaps, would go on to the command: a way out. Whatever is not marked to be
 * closed on exec was inherited, since everything that this process opens itself is.
 */
function closeInherited(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd <= 3) continue;
    try {
      const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8'))?.[1] ?? '';
      if ((Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0) closeSync(fd);
    } catch {
      // The descriptor by which the list was read is gone by now.
    }
  }
}

function passSignals(child: ChildProcess): void {
  const signals = new Socket({ fd: 3, readable: true, writable: false });
  signals.on('error', () => undefined);
  signals.on('data', (chunk) => {
    for (const name of chunk.toString('latin1').trim().split('\n')) child.kill(name as NodeJS.Signals);
  });
  signals.unref();
}
