/** A real `nats-server` with JetStream on a free port of loopback, in a directory of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Stops it as a partition does: sockets stay, nobody answers. */
  pause(): void;
  resume(): void;
  /** Ends it at once; its store stays. */
  kill(): Promise<void>;
  /** On the same port, with the same store. */
  start(): Promise<void>;
  /** Ends it and removes its store. */
  remove(): Promise<void>;
}

const PROGRAM = ['/usr/sbin/nats-server', fileURLToPath(new URL('../../toolchain/nats-server', import.meta.url))].find(
  (path) => existsSync(path),
);

/** `settings`: further lines of its configuration. */
export async function startNats(settings = ''): Promise<NatsServer> {
  if (PROGRAM === undefined) throw new Error('no nats-server here; run scripts/setup-test.sh');
  const program = PROGRAM;
  const dir = mkdtempSync(join(tmpdir(), 'locktender-nats-'));
  const port = await freePort();
  const config = join(dir, 'nats.conf');
  writeFileSync(config, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${join(dir, 'store')}" }\n${settings}\n`);
  let child: ChildProcess | null = null;
  const end = async (): Promise<void> => {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null) return;
    const over = new Promise<void>((resolve) => ending.once('close', () => resolve()));
    ending.kill('SIGKILL');
    await over;
  };
  const server: NatsServer = {
    port,
    url: `nats://127.0.0.1:${port}`,
    pause: () => {
      child?.kill('SIGSTOP');
      // The signal alone takes a while on a busy machine, and until then it answers.
      while (child?.pid !== undefined && !isStopped(child.pid))
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    },
    resume: () => void child?.kill('SIGCONT'),
    kill: end,
    start: async () => {
      child = spawn(program, ['-c', config], { stdio: 'ignore' });
      await listening(port);
    },
    remove: async () => {
      await end();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

/** Whether all of its threads are. */
function isStopped(pid: number): boolean {
  const states = readdirSync(`/proc/${pid}/task`).map((task) => readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8'));
  return states.every((state) => / T /.test(state.slice(state.lastIndexOf(')'))));
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nats-server does not listen on ${port}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => socket.destroy() && resolve(true));
    socket.once('error', () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const at = server.address();
      server.close(() => (at !== null && typeof at === 'object' ? resolve(at.port) : reject(new Error('no port'))));
    });
  });
}
