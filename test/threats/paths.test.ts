/** T-31 and T-38: a grant of a part of a shared host is a grant of that part, at every door and in every form. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Lab, openLab } from '../proxy/lab.ts';

const STORE = 'store.lab.test';

let lab: Lab;
let bucket: string;
beforeAll(async () => {
  lab = await openLab();
  lab.script = (socket) => void socket.write(answer('ok'));
  bucket = await lab.issue('acme', 'lab-bucket');
}, 60_000);
afterAll(() => lab.close());

async function inside(path: string, method = 'GET'): Promise<{ status: string; code: string; reached: boolean }> {
  const before = lab.heads.length;
  const said = await lab.inspected(
    STORE,
    `${method} ${path} HTTP/1.1\r\nHost: ${STORE}:${lab.tlsPort}\r\nConnection: close\r\n\r\n`,
    { pass: bucket },
  );
  return {
    status: said.slice(9, 12),
    code: /"code":"(\w+)"/.exec(said)?.[1] ?? '',
    reached: lab.heads.length > before,
  };
}

async function plain(path: string): Promise<{ status: string; code: string; reached: boolean }> {
  const before = lab.heads.length;
  const host = `${STORE}:${lab.plainPort}`;
  const said = await lab.raw(
    `GET http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization(bucket)}Connection: close\r\n\r\n`,
  );
  return {
    status: said.slice(9, 12),
    code: /"code":"(\w+)"/.exec(said)?.[1] ?? '',
    reached: lab.heads.length > before,
  };
}

describe.each([
  ['inspected', inside],
  ['plain', plain],
] as const)('%s', (_, ask) => {
  it.each(['/my-bucket', '/my-bucket/', '/my-bucket/a/b.txt', '/my-bucket?list-type=2&prefix=../x'])(
    'T-38 %s is in the bucket',
    async (path) => {
      expect(await ask(path)).toEqual({ status: '200', code: '', reached: true });
    },
  );

  it.each(['/', '/other/key', '/my-bucket-2/key', '/MY-BUCKET/key', '/my%2dbucket/key'])(
    'T-38 %s is in no bucket that was granted',
    async (path) => {
      expect(await ask(path)).toEqual({ status: '403', code: 'default_deny', reached: false });
    },
  );

  it.each([
    '/my-bucket/..;/other/key',
    '/my-bucket/../other/key',
    '/my-bucket/%2e%2e/other/key',
    '/my-bucket/.%2E/other/key',
    '/my-bucket//other/key',
    '/my-bucket/..%2fother/key',
    '/my-bucket/..%5cother/key',
    '/my-bucket/..%00/other/key',
    '/my-bucket/%252e%252e/other/key',
    '/my-bucket/%c0%ae%c0%ae/other/key',
  ])('T-31 %s is refused as what it is', async (path) => {
    expect(await ask(path)).toEqual({ status: '403', code: 'path_ambiguous', reached: false });
  });
});

it('T-31 where no rule looks at paths, an encoded slash goes on byte for byte', async () => {
  const before = lab.heads.length;
  const said = await lab.inspected(
    'web.lab.test',
    `GET /@scope%2fpkg HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\nConnection: close\r\n\r\n`,
  );
  expect(said).toMatch(/^HTTP\/1\.1 200 /);
  expect(lab.heads[before]).toMatch(/^GET \/@scope%2fpkg /);
});

it('T-38 a write stays in the bucket too', async () => {
  expect(await inside('/my-bucket/new', 'DELETE')).toMatchObject({ status: '200' });
  expect(await inside('/other/new', 'DELETE')).toMatchObject({ status: '403', reached: false });
});
