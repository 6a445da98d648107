import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';

const JWT = 'eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJwXzAxIn0.c2lnbmF0dXJl';

function logged(fields: object): string {
  let out = '';
  const log = createLog({
    level: 'debug',
    fields: { node: 'n1' },
    write: (line) => {
      out += line;
    },
  });
  log.warn(fields, 'something happened');
  return out;
}

describe('the log of the process', () => {
  it('is one JSON object a line with level, time, node and message', () => {
    const line = JSON.parse(logged({ flows: 3 }));
    expect(line).toMatchObject({ level: 'warn', node: 'n1', flows: 3, message: 'something happened' });
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it.each([
    ['a pass in a field of another name', { note: `got ${JWT} from` }],
    ['a pass in an error', { error: new Error(`bad token ${JWT}`) }],
    ['a pass in the cause of an error', { error: new Error('outer', { cause: new Error(JWT) }) }],
    ['a pass deep inside', { a: { b: [{ c: JWT }] } }],
    ['a secret field', { headers: { authorization: 'c2VjcmV0LWNhbmFyeQ' } }],
    ['a bearer value', { seen: 'Bearer c2VjcmV0LWNhbmFyeQ' }],
    ['credentials in a URL', { proxy: 'http://t_1:c2VjcmV0LWNhbmFyeQ@127.0.0.1:3128' }],
    ['a body', { body: 'c2VjcmV0LWNhbmFyeQ' }],
    [
      'credentials in a URL that stands where a text is cut',
      { at: `${'x'.repeat(4066)} http://t_1:c2VjcmV0LWNhbmFyeQ@h/` },
    ],
    ['a secret field in other letters', { 'x-api-key': 'c2VjcmV0LWNhbmFyeQ', client_secret: 'c2VjcmV0LWNhbmFyeQ' }],
    ['a pass as the name of a field', { [JWT]: 1 }],
    ['raw bytes', { chunk: Buffer.from('c2VjcmV0LWNhbmFyeQ') }],
    ['a private key', { pem: '-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWNhbmFyeQ\n-----END PRIVATE KEY-----' }],
  ])('T-85 never holds %s', (_, fields) => {
    const line = logged(fields);
    expect(line).not.toContain('c2VjcmV0LWNhbmFyeQ');
    expect(line).not.toContain(JWT);
    expect(line).not.toContain('c2lnbmF0dXJl');
  });

  it('T-33 escapes what could forge another line', () => {
    expect(logged({ host: 'a\n{"level":"info"}' }).trimEnd().split('\n')).toHaveLength(1);
  });

  it.runIf(existsSync('/dev/full'))(
    'T-81 ends nothing when its lines cannot be written, and goes on when they can',
    () => {
      const fd = openSync('/dev/full', 'w');
      const log = createLog({ level: 'info', fd });
      expect(() => {
        for (let n = 0; n < 1000; n += 1) log.warn({ n, text: 'x'.repeat(1000) }, 'something happened');
      }).not.toThrow();
      closeSync(fd);
      // A file in its place, as on a disk that has room again: free numbers are given out from the lowest on.
      const file = join(mkdtempSync(join(tmpdir(), 'locktender-log-')), 'log');
      const opened: number[] = [];
      while (!opened.includes(fd)) opened.push(openSync(file, 'a'));
      for (let n = 0; n < 2; n += 1) log.warn({ text: 'y'.repeat(1000) }, 'there is room again');
      for (const one of opened) closeSync(one);
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
      rmSync(dirname(file), { recursive: true });
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ n: 0 });
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ message: 'there is room again' });
    },
  );
});
