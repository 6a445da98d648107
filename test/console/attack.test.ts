/** The admin door attacked with bytes that no client of ours would send: what is read in two ways is refused, nothing hangs. */

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningAppliance, startProgram, temporaryDirectory } from '../journey/running-appliance.ts';

const directory = temporaryDirectory();
let appliance: RunningAppliance;
let door = '';
let token = '';

beforeAll(async () => {
  appliance = await startProgram(join(directory.path, 'state'));
  door = appliance.door('admin API');
  token = readFileSync(join(appliance.state, 'admin-token'), 'utf8').trim();
}, 60_000);

afterAll(async () => {
  await appliance?.stop();
  directory.remove();
});

interface Attack {
  readonly method?: string;
  readonly target?: string;
  /** Beside `Host`, `Authorization` and `Connection: close`. */
  readonly fields?: readonly string[];
  readonly host?: string;
  readonly body?: string | Buffer;
  readonly auth?: boolean;
}

/** Status and fault code of the answer; the connection must end by itself. */
function send({ method = 'GET', target = '/v1/status', fields = [], host = door, body = '', auth = true }: Attack) {
  const [name = '', port = ''] = door.split(':');
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    ...(auth ? [`Authorization: Bearer ${token}`] : []),
    'Connection: close',
    ...fields,
  ];
  return new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), name);
    let answer = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      answer += piece;
    });
    socket.once('error', reject);
    socket.once('close', () => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'none';
      const code = /"code":"(\w+)"/.exec(answer)?.[1];
      resolve(code === undefined ? status : `${status} ${code}`);
    });
    socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]));
  });
}

const JSON_TYPE = 'Content-Type: application/json';
/** A change, as its body says. */
const block = (body: string | Buffer, ...fields: string[]): Attack => ({
  method: 'POST',
  target: '/v1/categories/news/block',
  fields: [...fields, `Content-Length: ${Buffer.byteLength(body)}`],
  body,
});
const WHY = '{"why":"x"}';

describe('T-83 the admin door', () => {
  it.each<[string, string, () => Attack]>([
    ['a target on another host', '421 foreign_host', () => ({ target: 'http://evil.test/v1/status' })],
    ['a public path on another host', '421 foreign_host', () => ({ target: 'http://evil.test/healthz', auth: false })],
    ['a page on another host', '421 foreign_host', () => ({ target: 'http://evil.test/console', auth: false })],
    ['a name of nobody', '421 foreign_host', () => ({ host: 'evil.test' })],
    [
      'our name behind another',
      '421 foreign_host',
      () => ({ host: 'evil.test', fields: [`X-Forwarded-Host: ${door}`] }),
    ],
    ['a second Host', '400 bad_request', () => ({ fields: ['Host: evil.test'] })],
    ['a second token', '400 bad_request', () => ({ fields: ['Authorization: Bearer lta_x'] })],
    ['a target with two slashes', '400 bad_request', () => ({ target: '//evil.test/v1/status' })],
    ['dot segments', '400 bad_request', () => ({ target: '/console/../v1/status' })],
    ['a backslash', '400 bad_request', () => ({ target: '/v1\\status' })],
    [
      'two values of Sec-Fetch-Site',
      '400 bad_request',
      () => ({
        fields: ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'],
      }),
    ],
    ['the token in the query', '401 not_authenticated', () => ({ target: `/v1/status?token=${token}`, auth: false })],
    ['the token in a cookie', '401 not_authenticated', () => ({ fields: [`Cookie: token=${token}`], auth: false })],
    ['a parameter given twice', '400 bad_request', () => ({ target: '/v1/audit?limit=1&limit=1000' })],
    ['a method of WebDAV', '405 wrong_method', () => ({ method: 'PROPFIND' })],
    ['TRACE', '405 wrong_method', () => ({ method: 'TRACE' })],
    ['a method under another', '200', () => ({ target: '/v1/tokens', fields: ['X-HTTP-Method-Override: DELETE'] })],
    [
      'a place in the record that is none',
      '400 bad_request',
      () => ({
        target: '/v1/audit/tail',
        fields: ['Last-Event-ID: 99999999999999999'],
      }),
    ],
    ['HEAD of a stream', '200', () => ({ method: 'HEAD', target: '/v1/decisions' })],
    ['HEAD of the whole record', '200', () => ({ method: 'HEAD', target: '/v1/audit/export' })],
    ['a body of no type', '415 not_json', () => block(WHY)],
    ['two types of a body', '400 bad_request', () => block(WHY, JSON_TYPE, 'Content-Type: text/plain')],
    ['a body in UTF-16', '415 not_json', () => block(WHY, `${JSON_TYPE}; charset=utf-16`)],
    ['a body in UTF-8, said so', '200', () => block(WHY, `${JSON_TYPE}; charset=UTF-8`)],
    ['a packed body', '415 not_json', () => block(WHY, JSON_TYPE, 'Content-Encoding: gzip')],
    [
      'a body that is no UTF-8',
      '400 bad_request',
      () => block(Buffer.from('7b22776879223a22ff227d', 'hex'), JSON_TYPE),
    ],
    ['half a body', '400 bad_request', () => block('{"why', JSON_TYPE)],
    ['an unknown key', '400 bad_request', () => block('{"why":"x","__proto__":{"for_ms":1}}', JSON_TYPE)],
    ['a list for a body', '400 bad_request', () => block('[]', JSON_TYPE)],
    ['a version that is weak', '412 changed_meanwhile', () => block(WHY, JSON_TYPE, 'If-Match: W/"controls-0"')],
    [
      'a length of 99 GB',
      '413 too_large',
      () => ({
        ...block(WHY, JSON_TYPE),
        fields: [JSON_TYPE, 'Content-Length: 99999999999'],
      }),
    ],
  ])('answers %s with %s', async (_, expected, attack) => {
    expect(await send(attack())).toBe(expected);
  });

  it('takes any version of a list, and tells which methods a path takes', async () => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const etag = (await fetch(`http://${door}/v1/categories`, { headers })).headers.get('etag') ?? '';
    expect(await send(block(WHY, JSON_TYPE, `If-Match: "controls-999", ${etag}`))).toBe('200');
    const wrong = await fetch(`http://${door}/v1/tokens`, { method: 'DELETE', headers });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  it('says that a body is too large, however it comes, and the connection goes on', async () => {
    const body = `{"why":"${'x'.repeat(4_000_000)}"}`;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const order = { method: 'POST', headers, duplex: 'half' } as const;
    for (const sent of [body, new Blob([body]).stream()]) {
      const answer = await fetch(`http://${door}/v1/categories/news/block`, { ...order, body: sent });
      expect([answer.status, await answer.json()]).toEqual([413, expect.objectContaining({ code: 'too_large' })]);
    }
    expect(await send({})).toBe('200');
  });

  it('holds no place of a stream for a HEAD: more than a token may have open are answered', async () => {
    for (let i = 0; i < 40; i += 1) expect(await send({ method: 'HEAD', target: '/v1/decisions' })).toBe('200');
  });
});
