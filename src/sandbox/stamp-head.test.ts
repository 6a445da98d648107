import { describe, expect, it } from 'vitest';
import { stampHead } from './stamp-head.ts';

const stamped = (text: string) => stampHead(Buffer.from(text, 'latin1'), 'cred')?.toString('latin1') ?? null;

describe('stampHead', () => {
  it.each([
    {
      name: 'CONNECT gets the pass, and what follows the head is left alone',
      given: 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n\x16\x03rest',
      want: 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic cred\r\n\r\n\x16\x03rest',
    },
    {
      name: 'credentials of its own are replaced, however often they stand there',
      given:
        'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nproxy-AUTHORIZATION: Basic eA==\r\nProxy-Authorization: x\r\n\r\n',
      want: 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic cred\r\n\r\n',
    },
    {
      name: 'a plain request is one of its connection, and names hop-by-hop fields still',
      given:
        'GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, X-Hop\r\nProxy-Connection: keep-alive\r\n\r\n',
      want: 'GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nConnection: close, X-Hop\r\nProxy-Authorization: Basic cred\r\n\r\n',
    },
    {
      name: 'an upgrade is asked for once: refused or not taken up, its connection is none that goes on',
      given:
        'GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n\r\n',
      want: 'GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nUpgrade: h2c\r\nConnection: close, Upgrade\r\nProxy-Authorization: Basic cred\r\n\r\n',
    },
    {
      name: 'what is no head goes on untouched, for the gate to refuse',
      given: 'GET http://a.test/ HTTP/1.1\nHost: a.test\n\n',
      want: 'GET http://a.test/ HTTP/1.1\nHost: a.test\n\n',
    },
    { name: 'half a head is waited for', given: 'CONNECT a.test:443 HTTP/1.1\r\nHost: a', want: null },
  ])('$name', ({ given, want }) => expect(stamped(given)).toBe(want));
});
