/**
 * Peers of the isolate pool that are no dependencies of ours: installed into a temporary folder, or used where they run
 * already. Each starts fresh for every run, as a task's isolate does.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Milliseconds of so many fresh runs. */
export type Timed = (count: number, run: () => unknown) => Promise<number[]>;

const PACKAGES = ['workerd@1.20261117.1', 'quickjs-emscripten@0.32.0'];
const IMAGE = 'locktender-bench-base';

const CONFIG = (port: number) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .main) ],
  sockets = [ (name = "http", address = "127.0.0.1:${port}", http = (), service = "main") ],
);
const main :Workerd.Worker = (
  modules = [ (name = "main.js", esModule = embed "main.js") ],
  compatibilityDate = "2026-10-01", compatibilityFlags = ["experimental"],
  bindings = [ (name = "LOADER", workerLoader = ()) ],
);
`;
/** Loads what it is sent as a worker of its own, and asks it. */
const LOADER = `let n = 0;
export default { async fetch(request, env) {
  const code = await request.text();
  n += 1;
  const worker = env.LOADER.get('w' + n, async () => ({ compatibilityDate: '2026-10-01', mainModule: 'tool.js',
    modules: { 'tool.js': code }, globalOutbound: null }));
  return worker.getEntrypoint().fetch('http://x/');
} };
`;
const TOOL = "export default { fetch() { return new Response('1'); } };";

/** Those that can be had here; what cannot is left out. */
export async function otherPeers(timed: Timed, count: number): Promise<Record<string, number[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'locktender-peers-'));
  try {
    const out: Record<string, number[]> = {};
    const container = containerStart(folder);
    if (container) out['container start (Docker engine)'] = await timed(Math.min(count, 20), container);
    if (!installed(folder)) return out;
    out['QuickJS in WebAssembly'] = await timed(count, await quickJs(folder));
    const worker = await workerd(folder);
    await timed(20, worker.run);
    out['workerd, dynamic worker'] = await timed(count, worker.run);
    worker.child.kill('SIGKILL');
    return out;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A shell's `true` in an image that holds nothing else; needs a Docker engine and busybox-static. */
function containerStart(folder: string): (() => void) | null {
  const busybox = '/bin/busybox';
  if (!existsSync(busybox) || spawnSync('docker', ['version']).status !== 0) return null;
  const root = join(folder, 'image');
  mkdirSync(join(root, 'bin'), { recursive: true });
  copyFileSync(busybox, join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  symlinkSync('busybox', join(root, 'bin/true'));
  const tar = spawnSync('tar', ['-C', root, '-cf', '-', '.'], { maxBuffer: 64 * 1024 * 1024 }).stdout;
  execFileSync('docker', ['import', '-', IMAGE], { input: tar });
  return () => {
    const { status } = spawnSync('docker', ['run', '--rm', '--network', 'none', IMAGE, 'true']);
    if (status !== 0) throw new Error('the container did not run');
  };
}

function installed(folder: string): boolean {
  const args = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', ...PACKAGES];
  return spawnSync('npm', args, { stdio: 'ignore' }).status === 0;
}

interface QuickJs {
  newContext(): { evalCode(code: string): { dispose(): void }; dispose(): void };
}

async function quickJs(folder: string): Promise<() => void> {
  const entry = pathToFileURL(join(folder, 'node_modules/quickjs-emscripten/dist/index.mjs')).href;
  const { getQuickJS } = (await import(entry)) as { getQuickJS(): Promise<QuickJs> };
  const engine = await getQuickJS();
  return () => {
    const context = engine.newContext();
    context.evalCode('1').dispose();
    context.dispose();
  };
}

async function workerd(folder: string): Promise<{ run: () => Promise<void>; child: ChildProcess }> {
  const port = await freePort();
  writeFileSync(join(folder, 'config.capnp'), CONFIG(port));
  writeFileSync(join(folder, 'main.js'), LOADER);
  const binary = join(folder, 'node_modules/@cloudflare/workerd-linux-64/bin/workerd');
  const child = spawn(binary, ['serve', '--experimental', 'config.capnp'], { cwd: folder, stdio: 'ignore' });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const run = () =>
    new Promise<void>((resolve, reject) => {
      const asked = request({ agent, port, host: '127.0.0.1', method: 'POST' }, (response) => {
        response.resume();
        response.once('end', resolve);
      });
      asked.once('error', reject);
      asked.end(TOOL);
    });
  for (let tries = 0; ; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const up = await run().then(
      () => true,
      () => false,
    );
    if (up) return { run, child };
    if (tries > 50) throw new Error('workerd does not start');
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
