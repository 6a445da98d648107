import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buffersInUse, heapInUse } from '../../../test/collected.ts';
import { HEAD_LIMITS, readRequestHead } from '../../wire/http-head.ts';
import { field } from '../fields.ts';
import { type ConnectAsk, ConnectHeads } from './connect-heads.ts';
import { readAsk } from './http-ask.ts';

/** As the connection reads it; null where it is not one whole head of a CONNECT that could be read. */
function read(bytes: Buffer, heads: ConnectHeads | null): ConnectAsk | null {
  const head = readRequestHead(bytes);
  if (head === null || !head.ok || head.value.method !== 'CONNECT') return null;
  const asked = { ...readAsk(head.value, null, HEAD_LIMITS.maxFields), accept: field(head.value.headers, 'accept') };
  heads?.keep(bytes, head.value, asked);
  return asked.problem === null && head.value.length === bytes.length ? asked : null;
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const head = (credential: string, host = 'a.test:443') =>
  Buffer.from(
    `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\nProxy-Authorization: ${credential}\r\nAccept: application/json\r\nContent-Type: application/octet-stream\r\n\r\n`,
    'latin1',
  );

function kept(...all: readonly Buffer[]): ConnectHeads {
  const heads = new ConnectHeads(HEAD_LIMITS.maxBytes);
  for (const one of all) read(one, heads);
  return heads;
}

describe('heads of CONNECT', () => {
  it('recalls a head with another credential as it would be read', () => {
    const heads = kept(head(basic('t1:one')));
    const other = head(basic('t2:another, and longer'));
    expect(heads.recall(other)).toEqual(read(other, null));
    expect(heads.recall(other)?.credential).toEqual({ user: 't2', token: 'another, and longer' });
  });

  it('recalls one without a credential', () => {
    const bytes = Buffer.from('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n');
    expect(kept(bytes).recall(bytes)).toEqual(read(bytes, null));
    expect(kept(bytes).recall(head(basic('t:x')))).toBeNull();
  });

  it('recalls nothing of a head that was never read, that could not be, or that comes with more', () => {
    const heads = kept(head(basic('t:x')), Buffer.from('CONNECT b.test HTTP/1.1\r\nHost: b.test\r\n\r\n'));
    expect(heads.recall(head(basic('t:x'), 'c.test:443'))).toBeNull();
    expect(heads.recall(Buffer.from('CONNECT b.test HTTP/1.1\r\nHost: b.test\r\n\r\n'))).toBeNull();
    expect(heads.recall(Buffer.concat([head(basic('t:x')), Buffer.from('x')]))).toBeNull();
    expect(heads.recall(head(basic('t:x')).subarray(0, -1))).toBeNull();
  });

  it('keeps no head in which the credential stands a second time', () => {
    const secret = basic('t:secret').slice(6);
    const bytes = Buffer.from(
      `CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nX-Copy: ${secret}\r\nProxy-Authorization: Basic ${secret}\r\n\r\n`,
    );
    expect(read(bytes, null)).not.toBeNull();
    expect(kept(bytes).recall(bytes)).toBeNull();
  });

  it('forgets the oldest before it holds too many, and keeps none that is long', () => {
    const many = Array.from({ length: 600 }, (_, n) => head(basic('t:x'), `h${n}.test:443`));
    const heads = kept(...many);
    expect(heads.recall(many[0] as Buffer)).toBeNull();
    expect(heads.recall(many[599] as Buffer)).not.toBeNull();
    const long = head(basic('x'.repeat(4096)));
    expect(kept(long).recall(long)).toBeNull();
  });

  it('keeps no credential, neither in texts nor in memory that was given out beside', async () => {
    const before = { heap: heapInUse(), buffers: await buffersInUse() };
    const heads = new ConnectHeads(HEAD_LIMITS.maxBytes);
    for (let i = 0; i < 500; i += 1) {
      const host = `host-with-a-name-${i}.test:443`;
      read(head(`Bearer ${String(i).padEnd(3900, 'x')}`, host), heads);
      // The pool moves on.
      for (let n = 0; n < 20; n += 1) Buffer.from('y'.repeat(4000));
    }
    const heap = heapInUse() - before.heap;
    const buffers = (await buffersInUse()) - before.buffers;
    // The credentials are 2 MB, the pools 32.
    expect(heap).toBeLessThan(1.2e6);
    expect(buffers).toBeLessThan(4e6);
    const asked = head('Bearer other', 'host-with-a-name-7.test:443');
    expect(heads.recall(asked)).toEqual(read(asked, null));
  });

  it('recalls whatever bytes as they would be read, or not at all', () => {
    const host = fc.constantFrom('a.test:443', 'b.test:8443', '[::1]:443', '10.0.0.1:1', 'a.test');
    const secret = fc.constantFrom('', 'YTpi', 'dDE6dG9rZW4=', 'a b', 'YTpi ', '\tYTpi', 'é', 'a.b-c_d~e', 'a,b');
    const field = fc.constantFrom(
      ...[
        'Accept: text/html',
        'User-Agent: YTpi',
        'Content-Length: 0',
        'Expect: 100-continue',
        'Proxy-Authorization: Basic YTpi',
      ],
    );
    const line = fc.record({
      host,
      named: host,
      scheme: fc.constantFrom('Basic', 'basic', 'Bearer', 'Digest', ''),
      secret,
      fields: fc.array(field, { maxLength: 2 }),
      rest: fc.constantFrom('', '', 'x', '\r\n'),
    });
    const made = line.map(({ host: to, named, scheme, secret: with_, fields, rest }) => {
      const lines = [`CONNECT ${to} HTTP/1.1`, `Host: ${named}`, `Proxy-Authorization: ${scheme} ${with_}`, ...fields];
      return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${rest}`, 'latin1');
    });
    const touched = fc.tuple(made, fc.nat(), fc.constantFrom(0, 9, 10, 13, 32, 58, 97)).map(([bytes, at, byte]) => {
      const out = Buffer.from(bytes);
      out[at % out.length] = byte;
      return out;
    });
    let recalled = 0;
    fc.assert(
      fc.property(fc.array(made, { minLength: 1, maxLength: 8 }), fc.oneof(made, touched), (before, bytes) => {
        const heads = kept(...before);
        for (const one of [...before, bytes]) {
          const known = heads.recall(one);
          if (known === null) continue;
          recalled += 1;
          expect(known).toEqual(read(one, null));
        }
      }),
      { numRuns: 3000 },
    );
    expect(recalled).toBeGreaterThan(100);
  });
});
