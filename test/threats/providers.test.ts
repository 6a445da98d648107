/** T-39 and T-40: whose account is used at an allowed API, and what the API is asked to fetch for the task. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectH2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_SECRET } from '../../src/appliance/tour/demo-origins.ts';
import { answer, everything, type Lab, openLab } from '../proxy/lab.ts';

const KEY = 'zT9-kq2LmV0xWb7RsD4n';
const dir = mkdtempSync(join(tmpdir(), 'providers-'));

let lab: Lab;
beforeAll(async () => {
  writeFileSync(join(dir, 'key'), `${KEY}\n`, { mode: 0o600 });
  writeFileSync(
    join(dir, 'credentials.yaml'),
    `version: 1
credentials:
  - { name: model, file: key, hosts: [api.openai.com], tenants: [acme] }
  - { name: loose, file: key, hosts: [two.lab.test], own: allow }
`,
    { mode: 0o600 },
  );
  lab = await openLab(
    {
      'guard.credentials': join(dir, 'credentials.yaml'),
      'proxy.pinned_fields': '[{ hosts: [web.lab.test], fields: { X-Goog-Allowed-Domains: acme.example } }]',
    },
    [],
    {},
  );
}, 240_000);
afterAll(async () => {
  await lab?.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Sent {
  readonly status: string;
  readonly code: string;
  readonly said: string;
  /** What the origin had of the body; null when it was never reached. */
  readonly got: string | null;
  readonly head: string;
}

async function send(
  host: string,
  fields: string,
  body: string,
  { pass = lab.passes.write, path = '/v1/responses' } = {},
): Promise<Sent> {
  let got: string | null = null;
  let seen = '';
  lab.script = (socket, head, rest) => {
    got = rest;
    seen = head;
    const finish = () => head.startsWith('GET') || /content-length/i.test(head);
    socket.on('data', (chunk: Buffer) => {
      got = `${got}${chunk.toString('latin1')}`;
      if (/\r\n0\r\n\r\n$/.test(got)) socket.end(answer('ok'));
    });
    if (finish()) socket.end(answer('ok'));
  };
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  const method = body === '' ? 'GET' : 'POST';
  const said = await lab.inspected(
    host,
    `${method} ${path} HTTP/1.1\r\nHost: ${host}:${lab.tlsPort}\r\n${length}${fields}Connection: close\r\n\r\n${body}`,
    { pass },
  );
  return { status: said.slice(9, 12), code: /"code":"(\w+)"/.exec(said)?.[1] ?? '', said, got, head: seen };
}

const JSON_TYPE = 'Content-Type: application/json\r\nAuthorization: Bearer lt_credential_model\r\n';
const ask = (body: unknown, fields = JSON_TYPE) =>
  send('api.openai.com', fields, typeof body === 'string' ? body : JSON.stringify(body));
const image = (url: string) => ({ input: [{ role: 'user', content: [{ type: 'input_image', image_url: url }] }] });

describe('T-40 what a provider is asked to fetch', () => {
  it.each<[string, unknown]>([
    ['nothing', { model: 'm', input: 'read https://evil.example/ please' }],
    ['an image in the request', image('data:image/png;base64,iVBORw0KGgo=')],
    ['an image that the task may read itself', image('https://web.lab.test:PORT/a.png')],
    [
      'a tool of its own',
      { tools: [{ type: 'function', name: 'web_search', parameters: { url: 'https://evil.example/' } }] },
    ],
    [
      'a call in the history',
      { messages: [{ content: [{ type: 'tool_use', input: { url: 'https://evil.example/' } }] }] },
    ],
  ])('%s: goes on', async (_, body) => {
    const text = JSON.stringify(body).replace('PORT', String(lab.tlsPort));
    expect(await ask(text)).toMatchObject({ status: '200', code: '' });
  });

  it.each<[string, unknown]>([
    ['an image elsewhere', image('https://evil.example/?stolen')],
    ['an image at a private address', image('http://169.254.169.254/latest')],
    ['an address with a user', image('https://web.lab.test@evil.example/')],
    ['an address with blanks before it', image(' https://evil.example/')],
    ['an address of another scheme', image('ftp://evil.example/x')],
    [
      'an image in a chat',
      { messages: [{ content: [{ type: 'image_url', image_url: { url: 'https://evil.example/' } }] }] },
    ],
    [
      'a document',
      { messages: [{ content: [{ type: 'document', source: { type: 'url', url: 'https://evil.example/' } }] }] },
    ],
    ['a file of a bucket', { contents: [{ parts: [{ fileData: { fileUri: 'gs://evil/x' } }] }] }],
    ['a remote MCP server', { tools: [{ type: 'mcp', server_url: 'https://evil.example/sse', server_label: 'x' }] }],
    ['a remote MCP server, the other way', { mcp_servers: [{ type: 'url', url: 'https://evil.example/sse' }] }],
    ['a search', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    ['a fetch', { tools: [{ type: 'web_fetch_20250910', name: 'web_fetch' }] }],
    [
      'a fetch of named sites, one of them evil',
      { tools: [{ type: 'web_fetch_20250910', allowed_domains: ['evil.example'] }] },
    ],
    ['a search option', { web_search_options: {} }],
    ['grounding', { tools: [{ googleSearch: {} }] }],
    ['grounding, spelt the other way', { tools: [{ url_context: {} }] }],
    ['a model that searches', { model: 'openai/gpt-4o:online' }],
    ['a key said twice', '{"image_url":"data:,","image_url":"https://evil.example/"}'],
    ['a key in another case', '{"input":[{"Image_URL":"https://evil.example/"}]}'],
    ['a key with escapes', '{"input":[{"image_\\u0075rl":"https:\\/\\/evil.example\\/"}]}'],
  ])('%s: is refused, and the provider gets nothing', async (_, body) => {
    const { status, code, got } = await ask(body);
    expect({ status, code, got }).toEqual({ status: '403', code: 'provider_fetch', got: null });
  });

  it('the denial says which right is missing', async () => {
    const { said } = await ask({ tools: [{ type: 'web_search' }] });
    expect(said).toContain('"capability":"tool.invoke.provider-web"');
    expect(said).toMatch(/would_allow":\["capability `tool\.invoke\.provider-web`/);
  });

  it.each([
    ['is no JSON', '{"a":1,}', JSON_TYPE],
    ['has a comment', '{/*x*/"a":1}', JSON_TYPE],
    ['has two values', '{} {}', JSON_TYPE],
    ['is compressed', gzipSync('{}').toString('latin1'), `${JSON_TYPE}Content-Encoding: gzip\r\n`],
  ])('a body that %s cannot be judged, so it is refused', async (_, body, fields) => {
    expect(await send('api.openai.com', fields, body)).toMatchObject({
      status: '403',
      code: 'guard_unscannable',
      got: null,
    });
  });

  it.each(['application/octet-stream', 'image/png', 'multipart/form-data; boundary=x', 'application/grpc'])(
    'JSON is read as such by servers, though it is said to be %s',
    async (type) => {
      const body = `\r\n ${JSON.stringify(image('https://evil.example/'))}`;
      const sent = await send('api.openai.com', `Content-Type: ${type}\r\n`, body);
      expect(sent).toMatchObject({ status: '403', code: 'provider_fetch', got: null });
    },
  );

  it('a file goes on as it is', async () => {
    const type = 'Content-Type: application/octet-stream\r\n';
    expect(await send('api.openai.com', type, 'a file of https://evil.example/')).toMatchObject({ status: '200' });
  });

  it('a long body that turns out to ask for it never arrives whole', async () => {
    const body = JSON.stringify({ pad: 'plain words '.repeat(200_000), ...image('https://evil.example/') });
    const { got, status } = await ask(body);
    expect(status).not.toBe('200');
    expect(got ?? '').not.toContain('evil.example');
  });

  describe.each([
    ['lines of JSON', 'application/x-ndjson; charset=utf-8', (value: object) => `${JSON.stringify(value)}\n`],
    ['events', 'text/event-stream', (value: object) => `event: x\ndata: ${JSON.stringify(value)}\n\n`],
  ])('a body of %s', (_, type, write) => {
    const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

    /** A request whose end is not known yet, and what the origin has of it. */
    async function begun() {
      const state = { got: '' };
      lab.script = (socket, _head, rest) => {
        state.got = rest;
        socket.removeAllListeners('data').on('data', (bytes: Buffer) => {
          state.got += bytes.toString('latin1');
          if (/\r\n0\r\n\r\n$/.test(state.got)) socket.end(answer('ok', 'Connection: close\r\n'));
        });
      };
      const { socket } = await lab.tunnel('api.openai.com', { pass: lab.passes.write });
      if (socket === null) throw new Error('no tunnel');
      const key = 'Authorization: Bearer lt_credential_model\r\n';
      const host = `Host: api.openai.com:${lab.tlsPort}\r\n`;
      socket.write(
        `POST /v1/batch HTTP/1.1\r\n${host}${key}Content-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      return { state, socket, say: (value: object) => void socket.write(chunk(write(value))) };
    }

    it('goes on piece by piece, while more of it is to come', async () => {
      const { state, socket, say } = await begun();
      for (const word of ['first', 'second', 'third']) {
        say({ input: `the ${word} one` });
        await expect.poll(() => state.got, { timeout: 10_000 }).toContain(`the ${word} one`);
      }
      socket.write('0\r\n\r\n');
      expect(await everything(socket)).toMatch(/^HTTP\/1\.1 200 /);
    });

    it.each<[string, object, string]>([
      ['what the task may not reach', image('https://evil.example/'), 'evil.example'],
      ['a search', { tools: [{ type: 'web_search' }] }, 'web_search'],
      ['with a secret in it', { input: `my key is ${DEMO_SECRET}` }, DEMO_SECRET],
    ])('does not go on with a piece that asks for %s', async (_what, value, never) => {
      const { state, socket, say } = await begun();
      say({ input: 'the first one' });
      await expect.poll(() => state.got, { timeout: 10_000 }).toContain('the first one');
      say(value);
      socket.write('0\r\n\r\n');
      expect(await everything(socket)).not.toMatch(/^HTTP\/1\.1 200 /);
      expect(state.got).not.toContain(never);
      expect(state.got).not.toMatch(/\r\n0\r\n\r\n$/);
    });
  });

  it('at other hosts the same body is only a body', async () => {
    const { status } = await send(
      'web.lab.test',
      'Content-Type: application/json\r\n',
      JSON.stringify(image('https://evil.example/')),
    );
    expect(status).toBe('200');
  });
});

describe('T-39 whose account it is', () => {
  it.each([
    ['Authorization: Bearer sk-attacker\r\n', '/'],
    ['X-API-Key: attacker\r\n', '/'],
    [`Authorization: Basic ${Buffer.from('x:attacker').toString('base64')}\r\n`, '/'],
    ['', '/?X-Amz-Credential=a&X-Amz-Signature=b'],
    ['', '/?access_token=attacker'],
    ['', '/?sig=attacker&se=2027'],
  ])('%j %s is refused where the gate holds the credential', async (fields, path) => {
    const { status, code, got } = await send('api.openai.com', fields, '', { path });
    expect({ status, code, got }).toEqual({ status: '403', code: 'own_credentials', got: null });
  });

  it('the placeholder is exchanged, and cookies of the sandbox stay behind', async () => {
    const { status, head } = await send(
      'api.openai.com',
      'Authorization: Bearer lt_credential_model\r\nCookie: session=attacker\r\n',
      '',
    );
    expect(status).toBe('200');
    expect(head).toContain(KEY);
    expect(head).not.toMatch(/attacker|cookie/i);
  });

  it('HTTP/2 is held to the same', async () => {
    const { socket } = await lab.tunnel('api.openai.com', { alpn: ['h2'], pass: lab.passes.write });
    if (socket === null) throw new Error('no tunnel');
    const session = connectH2(`https://api.openai.com:${lab.tlsPort}`, { createConnection: () => socket });
    const status = await new Promise((resolve, reject) => {
      const stream = session.request({ ':path': '/', authorization: 'Bearer sk-attacker' });
      stream.once('response', (head) => resolve(head[':status']));
      stream.once('error', reject);
      stream.resume();
    });
    session.destroy();
    expect(status).toBe(403);
  });

  it('another tenant, for whom nothing is stored, and a host with `own: allow` bring their own', async () => {
    const other = await lab.issue('globex', 'lab-write');
    expect(await send('api.openai.com', 'Authorization: Bearer theirs\r\n', '', { pass: other })).toMatchObject({
      status: '200',
    });
    expect(await send('two.lab.test', 'Authorization: Bearer theirs\r\n', '')).toMatchObject({ status: '200' });
  });

  it('pinned fields are set by the gate, whatever the sandbox says, on each kind of request', async () => {
    const mine = 'x-goog-allowed-domains: attacker.example\r\n';
    const { head } = await send('web.lab.test', mine, '');
    expect(head).toMatch(/x-goog-allowed-domains: acme\.example\r\n/i);
    expect(head).not.toContain('attacker');
    const host = `web.lab.test:${lab.plainPort}`;
    const before = lab.heads.length;
    await lab.raw(
      `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization()}${mine}Connection: close\r\n\r\n`,
    );
    expect(lab.heads[before]).toMatch(/x-goog-allowed-domains: acme\.example\r\n/i);
    expect(lab.heads[before]).not.toContain('attacker');
  });

  it('a tunnel, in which nothing can be set, does not open to such a host', async () => {
    const pass = await lab.issue('acme', 'lab-opaque');
    for (const host of ['web.lab.test', 'api.openai.com']) {
      const { refused } = await lab.tunnel(host, { pass });
      expect(refused).toMatch(/^HTTP\/1\.1 403 .*own_credentials/);
    }
  });
});
