/** The second stage at the egress gate: small bodies are asked about both ways, streams are not, and the record says which. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SecondStage } from '../../src/guard/second-stage/second-stage.ts';
import { answer, type Lab, openLab } from './lab.ts';

const asked: string[] = [];
const stage = new SecondStage(
  {
    rules: [{ match: 'DOUBTFUL', types: ['PASSWORD'], failure: 'open' }],
    ...{ deadlineMs: 20_000, concurrency: 2, batch: { items: 10, bytes: 10_000 }, dailyBytes: 1_000_000 },
    ...{ breaker: { failures: 3, pauseMs: 1000 }, cache: { most: 10, ttlMs: 1 } },
  },
  {
    inspector: {
      inspect: async (items) => {
        asked.push(...items.map(({ value }) => value));
        return items.map(({ value }) => (value.includes('real') ? 'confirmed' : 'clear'));
      },
    },
    ...{ key: new Uint8Array(32), now: () => Date.now(), note: () => undefined },
    after: (ms, then) => {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
  },
);
const RULE = `version: 1
rules:
  - id: doubtful
    description: What may be a secret of the lab.
    info_type: DOUBTFUL
    kind: secret
    regex: '\\b(doubtful-[a-z]{4,20})\\b'
    secret_group: 1
    likelihood: UNLIKELY
    severity: low
    actions: { result: redact, request: block }
    tests: { match: ['doubtful-real'], no_match: ['doubtful'] }
`;
let lab: Lab;
beforeAll(async () => {
  lab = await openLab({}, [], { 'dlp/doubtful.yaml': RULE }, { secondStage: stage });
}, 240_000);
afterAll(() => lab?.close());

const request = (body = '') =>
  `${body === '' ? 'GET' : 'POST'} http://web.lab.test:${lab.plainPort}/ HTTP/1.1\r\nHost: web.lab.test:${lab.plainPort}\r\n${lab.authorization(lab.passes.write)}Content-Length: ${body.length}\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${body}`;
const verdicts = async () => {
  const { events } = await lab.admin('/v1/audit?type=guard.verdict&limit=100');
  return (events as { event: { action: string; second_stage?: string } }[]).map(({ event }) => [
    event.action,
    event.second_stage,
  ]);
};

describe('the second stage at the gate', () => {
  it('a small answer waits for it, and what it confirms is taken out', async () => {
    lab.script = (socket) => socket.end(answer('a doubtful-real b doubtful-fine c', 'Content-Type: text/plain\r\n'));
    expect(await lab.raw(request())).toContain('a [REDACTED:DOUBTFUL] b doubtful-fine c');
    expect(await verdicts()).toContainEqual(['redact', 'asked']);
  }, 60_000);

  it('a small request waits for it, and is refused where it confirms', async () => {
    lab.script = (socket) => socket.end(answer('came through'));
    expect(await lab.raw(request('here is doubtful-realone'))).toContain('guard_blocked');
    expect(await lab.raw(request('here is doubtful-fineone'))).toContain('came through');
    expect(await verdicts()).toContainEqual(['block', 'asked']);
  }, 60_000);

  it('a stream of events does not wait, and the record says so', async () => {
    const before = asked.length;
    lab.script = (socket) =>
      socket.end(answer('data: {"text":"a doubtful-realtwo b"}\n\n', 'Content-Type: text/event-stream\r\n'));
    expect(await lab.raw(request())).toContain('a doubtful-realtwo b');
    expect(asked.length).toBe(before);
    expect(await verdicts()).toContainEqual(['pass', 'not_asked']);
  }, 60_000);
});
