import { describe, expect, it } from 'vitest';
import { type McpAnswer, type McpMessage, McpSession, ReplyScan } from './mcp-session.ts';

const json = (value: unknown, session: string | null = null): McpAnswer => ({
  ...{ status: 200, type: 'application/json', session, text: JSON.stringify(value) },
});
const NONE: McpAnswer = { status: 404, type: '', session: null, text: '' };
const DONE = { ok: true, result: { content: [] } };

/** A server whose sessions are forgotten when told so. */
function server() {
  const known = new Set<string>();
  const said: string[] = [];
  let broken = false;
  const post = async ({ json: text, headers, id }: McpMessage): Promise<McpAnswer> => {
    const { method } = JSON.parse(text ?? '{}') as { method?: string };
    said.push(method ?? 'DELETE');
    await new Promise((resolve) => setImmediate(resolve));
    if (broken) throw new Error('the origin broke off');
    const session = `s${said.length}`;
    if (method === 'initialize') {
      known.add(session);
      return json({ id, result: { protocolVersion: '2025-06-18' } }, session);
    }
    const [, named = ''] = headers.find(([name]) => name === 'mcp-session-id') ?? [];
    return known.has(named) ? json({ id, result: { content: [] }, error: null }) : NONE;
  };
  const forget = () => known.clear();
  const setBroken = (is: boolean) => {
    broken = is;
  };
  return { post, said, forget, setBroken };
}

describe('a session at an MCP server', () => {
  it('is opened once for all calls, and once more where the server forgot it under all of them', async () => {
    const { post, said, forget } = server();
    const session = new McpSession(post);
    const calls = () => Promise.all([1, 2, 3].map(() => session.callTool('t', {})));
    expect(await calls()).toEqual([DONE, DONE, DONE]);
    forget();
    expect(await calls()).toEqual([DONE, DONE, DONE]);
    expect(said.filter((method) => method === 'initialize')).toHaveLength(2);
  });

  it('is tried anew after an origin that broke off', async () => {
    const { post, setBroken } = server();
    const session = new McpSession(post);
    setBroken(true);
    await expect(session.callTool('t', {})).rejects.toThrow('broke off');
    setBroken(false);
    expect(await session.callTool('t', {})).toEqual(DONE);
  });
});

it.each(['\n', '\r\n', '\r'])('finds a reply in a stream of events whose lines end with %j, in any pieces', (end) => {
  const lines = [
    ': hello',
    'event: message',
    'data: {"id":1,',
    'data: "result":{}}',
    '',
    'data: {"id":2,"result":3}',
    '',
  ];
  const text = lines.map((line) => line + end).join('');
  for (const size of [1, 3, text.length]) {
    const scan = new ReplyScan(2);
    for (let at = 0; at < text.length; at += size) scan.push(text.slice(at, at + size));
    expect(scan.found).toEqual({ id: 2, result: 3 });
  }
});
