/**
 * What `decide` says without a request, what the gate does with one, and what replay says of the record are one answer: for
 * each pass, method and address of a table, hostile ones among them.
 */

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;
beforeAll(async () => {
  // A port that policy grants and that one of our own doors has.
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  taken.close();
  await once(taken, 'close');
  lab = await openLab({ 'admin.listen': `127.0.0.1:${port}` }, [port]);
  // Says that it closes: a write on a connection that was kept, and then closes, fails, and is rightly not sent again.
  lab.script = (socket) => void socket.end(answer('ok', 'Connection: close\r\n'));
}, 60_000);
afterAll(() => lab.close());

const PATHS = [
  '/',
  '/a?x=1',
  '/a/../b',
  '/a;b',
  '/x%2fy',
  '/?_method=DELETE',
  '/?a=1&%5Fmethod[]=PUT',
  '/my-bucket/key',
  '/my-bucket/../other',
  '/team/project.git/info/refs?service=git-upload-pack',
  '/team/project.git/info/refs?service=git-receive-pack',
  '/dns-query?dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB',
];
const HOSTS = [
  'web.lab.test',
  'WEB.lab.test.',
  'store.lab.test',
  'unknown.test',
  'pastebin.com',
  '127.1',
  '10.1.2.3',
  'xn--a',
];
const METHODS = ['GET', 'POST', 'OPTIONS', 'DELETE', 'TRACE', 'PROPFIND'];
const CLASSES = ['lab-read', 'lab-write', 'lab-bucket'];

/** Each path with each class; hosts and methods in turn, so that most pairs of two occur. */
const CASES = PATHS.flatMap((path, i) =>
  CLASSES.flatMap((name, j) =>
    [0, 1].map((k) => ({
      name,
      path,
      host: k === 0 ? (j === 2 ? 'store.lab.test' : 'web.lab.test') : (HOSTS[(i + j * 3) % HOSTS.length] ?? ''),
      method: k === 0 ? 'GET' : (METHODS[(i * 5 + j) % METHODS.length] ?? ''),
    })),
  ),
);

async function live(pass: string, { method, host, path, fields = '', port = lab.plainPort }: Asked): Promise<string> {
  const head = `${method} http://${host}:${port}${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n`;
  const said = await lab.raw(`${head}${lab.authorization(pass)}${fields}Connection: close\r\n\r\n`);
  if (said.startsWith('HTTP/1.1 200 OK')) return 'allow';
  return `deny ${/^HTTP\/1\.1 [45][0-9]{2} .*\(([a-z_]+)\)\r\n/.exec(said)?.[1]}`;
}

interface Asked {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly fields?: string;
  readonly port?: number;
}

describe('T-30 T-31 the answer of `decide`', () => {
  it('is what the gate does', async () => {
    const passes = new Map<string, string>();
    for (const name of CLASSES) passes.set(name, await lab.issue('acme', name));
    const both = async ({ name, ...asked }: (typeof CASES)[number]) => {
      const url = `http://${asked.host}:${lab.plainPort}${asked.path}`;
      const question = { tenant: 'acme', class: name, profile: null, risk: 0, method: asked.method, url };
      const said = await lab.admin('/v1/policy/explain', question);
      const supposed = said['effect'] === 'allow' ? 'allow' : `deny ${said['reason']}`;
      return { name, asked, supposed, done: await live(passes.get(name) ?? '', asked) };
    };
    const all = await Promise.all(CASES.map(both));
    expect(all.filter(({ supposed, done }) => supposed !== done)).toEqual([]);
    expect(new Set(all.map(({ done }) => done)).size).toBeGreaterThan(5);
  });

  it('is what replay says of the records, under the policy of then', async () => {
    const { read, write } = lab.passes;
    const body = { method: 'GET', host: 'web.lab.test', path: '/', fields: 'Content-Length: 2\r\n' };
    expect(await live(read, body)).toBe('deny default_deny');
    const door = Number(lab.appliance.adminAddress.split(':')[1]);
    // Our own door is a destination that no policy opens, so that policy has nothing to say of it.
    expect(await live(write, { method: 'GET', host: 'web.lab.test', path: '/', port: door })).toBe(
      'deny address_forbidden',
    );
    const report = await lab.admin('/v1/policy/replay', {});
    expect(report).toMatchObject({ differences: 0, groups: [] });
    expect(report['decisions']).toBeGreaterThan(40);
  });
});

it('T-30 who may write to a host may send it a GET with a body, or with a method in its query', async () => {
  const before = lab.heads.length;
  const asked = { method: 'GET', host: 'web.lab.test', path: '/x?_method=PUT' };
  expect(await live(lab.passes.write, asked)).toBe('allow');
  expect(lab.heads.slice(before).join('')).toContain('GET /x?_method=PUT HTTP/1.1');
});
