import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
let user = '';
beforeAll(async () => {
  scene = await openScene();
  const issued = await scene.admin('/v1/passes', { tenant: 'acme', class: 'demo' });
  const url = new URL(String(issued['socks_url']));
  user = `${url.username}:${url.password}`;
});
afterAll(() => scene.close());

interface Curl {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function curl(to: string, who: string, version = '--http2'): Promise<Curl> {
  const args = ['-sSv', '-m', '15', '--cacert', scene.ca, '--socks5-hostname', scene.socks];
  return new Promise((resolve) => {
    execFile('curl', [...args, version, '--proxy-user', who, to], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

/** Sends the pieces, each after something was answered to the one before, and collects all that comes back. */
function talk(pieces: readonly (readonly number[])[]): Promise<number[]> {
  const [host = '', port = ''] = scene.socks.split(':');
  return new Promise((resolve, reject) => {
    const answer: number[] = [];
    const left = [...pieces];
    const socket = connect(Number(port), host);
    const next = (): void => {
      const piece = left.shift();
      if (piece) socket.write(Uint8Array.from(piece));
    };
    socket.once('connect', next);
    socket.on('data', (chunk) => {
      answer.push(...chunk);
      next();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(answer));
    socket.once('end', () => socket.end());
  });
}

const url = (host: string): string => `https://${host}:${scene.originPort}/`;
const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
const login = (): number[] => {
  const [task = '', token = ''] = user.split(':');
  return [1, ...text(task), ...text(token)];
};

test.each(['--http1.1', '--http2'])(
  'a granted host is reached over %s, and the flow ends with its client',
  async (version) => {
    const answer = await curl(url('docs.demo.test'), user, version);
    expect(answer.stderr).not.toContain("Can't complete SOCKS5");
    expect(answer.code).toBe(0);
    expect(answer.stdout).toContain('hello from docs.demo.test');
    await expect.poll(async () => (await scene.admin('/v1/flows'))['flows']).toEqual([]);
  },
);

test.each([
  ['T-11 a host that nothing grants', () => url('other.example'), () => user],
  ['a blocked category', () => url('paste.demo.test'), () => user],
  ['T-49 a pass that was never issued', () => url('docs.demo.test'), () => 'task:nonsense'],
  ['T-47 our own admin door', () => `http://${scene.appliance.adminAddress}/`, () => user],
  ['T-16 loopback in hex', () => `http://[::ffff:7f00:1]:${scene.originPort}/`, () => user],
])('%s: reply 2', async (_name, to, who) => {
  const answer = await curl(to(), who());
  expect(answer.code).toBe(97);
  expect(answer.stderr).toMatch(/\(2\)/);
});

test('without the password method nothing is chosen', async () => {
  expect(await talk([[5, 1, 0]])).toEqual([5, 0xff]);
});

test('T-44 UDP ASSOCIATE: reply 7', async () => {
  const answer = await talk([[5, 1, 2], login(), [5, 3, 0, 1, 0, 0, 0, 0, 0, 0]]);
  expect(answer.slice(0, 6)).toEqual([5, 2, 1, 0, 5, 7]);
});

test('T-10 NUL in a name: reply 2', async () => {
  const answer = await talk([[5, 1, 2], login(), [5, 1, 0, 3, ...text('docs.demo.test\0.example'), 1, 187]]);
  expect(answer.slice(4, 6)).toEqual([5, 2]);
});

test('T-08 plaintext inside is refused at the first byte', async () => {
  const to = [5, 1, 0, 3, ...text('docs.demo.test'), scene.originPort >> 8, scene.originPort & 255];
  const answer = await talk([[5, 1, 2], login(), to, [...Buffer.from('GET / HTTP/1.1\r\n\r\n')]]);
  expect(answer).toEqual([5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
});
