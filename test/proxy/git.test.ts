/** The real git through the gate, before a real smart HTTP server (git http-backend) over TLS that is inspected. */

import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute, type Ran } from '../journey/running-appliance.ts';
import { type Lab, openLab } from './lab.ts';

const dir = mkdtempSync(join(tmpdir(), 'locktender-git-'));
const origin = createServer({ SNICallback: (name, done) => done(null, lab.contextOf(name)) }, serve);
let lab: Lab;
let url = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const { port } = origin.address() as AddressInfo;
  lab = await openLab({}, [port]);
  url = `https://web.lab.test:${port}/team/project.git`;
  writeFileSync(join(dir, 'ca.pem'), lab.ca);
  mkdirSync(join(dir, 'served', 'team'), { recursive: true });
  for (const command of [
    ['init', '-q', '--bare', '-b', 'main', join(dir, 'served', 'team', 'project.git')],
    ['-C', join(dir, 'served', 'team', 'project.git'), 'config', 'http.receivepack', 'true'],
    ['init', '-q', '-b', 'main', join(dir, 'author')],
  ]) {
    expect(await git(command)).toMatchObject({ code: 0 });
  }
  writeFileSync(join(dir, 'author', 'readme.txt'), 'first\n');
  await git(['-C', join(dir, 'author'), 'add', '.']);
  await git(['-C', join(dir, 'author'), 'commit', '-q', '-m', 'first']);
  await git(['-C', join(dir, 'author'), 'push', '-q', join(dir, 'served', 'team', 'project.git'), 'main']);
}, 60_000);

afterAll(async () => {
  await lab?.close();
  origin.close();
  origin.closeAllConnections();
  rmSync(dir, { recursive: true, force: true });
});

/** CGI (RFC 3875) as far as git http-backend needs it. */
function serve(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'https://origin');
  const backend = spawn('/usr/lib/git-core/git-http-backend', {
    env: {
      GIT_PROJECT_ROOT: join(dir, 'served'),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
      HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'anyone',
      PATH: process.env['PATH'] ?? '',
    },
  });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.once('close', () => {
    const whole = Buffer.concat(chunks);
    const end = whole.indexOf('\r\n\r\n');
    const fields = whole
      .toString('latin1', 0, end)
      .split('\r\n')
      .map((line) => line.split(': ', 2));
    const status = fields.find(([name]) => name === 'Status')?.[1];
    for (const [name = '', value = ''] of fields) if (name !== 'Status') response.setHeader(name, value);
    response.writeHead(status === undefined ? 200 : Number.parseInt(status, 10));
    response.end(whole.subarray(end + 4));
  });
}

function git(args: readonly string[], pass?: string): Promise<Ran> {
  const identity = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@lab.test',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@lab.test',
  };
  const proxy =
    pass === undefined
      ? {}
      : { https_proxy: `http://${pass}@${lab.appliance.proxyAddress}`, GIT_SSL_CAINFO: join(dir, 'ca.pem') };
  const env = {
    PATH: process.env['PATH'],
    HOME: dir,
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    ...identity,
    ...proxy,
  };
  return execute(['git', ...args], { env });
}

describe('git through the gate', () => {
  it('clones and fetches with a pass that may only read', async () => {
    const clone = join(dir, 'clone');
    const cloned = await git(['clone', '-q', url, clone], lab.passes.read);
    expect(cloned.stderr).toBe('');
    expect(readFileSync(join(clone, 'readme.txt'), 'utf8')).toBe('first\n');
    appendFileSync(join(dir, 'author', 'readme.txt'), 'second\n');
    await git(['-C', join(dir, 'author'), 'commit', '-qam', 'second']);
    await git(['-C', join(dir, 'author'), 'push', '-q', join(dir, 'served', 'team', 'project.git'), 'main']);
    expect(await git(['-C', clone, 'pull', '-q', '--ff-only'], lab.passes.read)).toMatchObject({ code: 0 });
    expect(readFileSync(join(clone, 'readme.txt'), 'utf8')).toBe('first\nsecond\n');
  }, 60_000);

  it('pushes only with a pass that may write, and git shows why not', async () => {
    const clone = join(dir, 'clone');
    appendFileSync(join(clone, 'readme.txt'), 'third\n');
    await git(['-C', clone, 'commit', '-qam', 'third']);
    const denied = await git(['-C', clone, 'push', '-q', 'origin', 'main'], lab.passes.read);
    expect(denied.code).toBe(128);
    expect(denied.stderr).toMatch(/403/);
    expect((await lab.decisions())[0]).toMatchObject({ effect: 'deny', reason: 'default_deny' });
    expect(await git(['-C', clone, 'push', '-q', 'origin', 'main'], lab.passes.write)).toMatchObject({ code: 0 });
    const served = await git(['-C', join(dir, 'served', 'team', 'project.git'), 'log', '--format=%s']);
    expect(served.stdout).toBe('third\nsecond\nfirst\n');
  }, 60_000);
});
