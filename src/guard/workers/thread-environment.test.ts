import { mkdtempSync, rmSync } from 'node:fs';
import { enableCompileCache, getCompileCacheDir } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { threadEnvironment } from './thread-environment.ts';

const CODE = `
  const { getCompileCacheDir } = require('node:module');
  require('node:worker_threads').parentPort.postMessage([getCompileCacheDir(), process.env.PATH]);
`;

const told = (thread: Worker) =>
  new Promise<readonly [string, string]>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });

test('a thread reads what Node made of the sources where this process does', async () => {
  const own = mkdtempSync(join(tmpdir(), 'locktender-code-'));
  try {
    // Where it is kept already, that stays.
    enableCompileCache(own);
    const directory = getCompileCacheDir();
    if (directory === undefined) throw new Error('Node keeps nothing of what it compiles');
    const thread = new Worker(CODE, { eval: true, env: threadEnvironment() });
    const [kept, path] = await told(thread);
    // Below it a directory for each set of V8's flags, which another test of this process may have changed since.
    expect([dirname(kept), path]).toEqual([dirname(directory), process.env['PATH']]);
    await thread.terminate();
    expect(process.env['NODE_COMPILE_CACHE']).toBeUndefined();
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
});
