import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { contextOf } from '../../../test/dlp/guard-context.ts';
import { portableRules, rulesFrom } from '../../dlp/portable-rules.ts';
import { compileRules } from '../../dlp/rule-set.ts';
import { scanLayers } from '../../dlp/scan-layers.ts';
import type { BodyStream } from '../body-filter.ts';
import { encodeMessage } from '../framed/event-stream.ts';
import { createGuard } from '../guard.ts';
import type { GuardContext } from '../guard-context.ts';
import { Vault } from '../vault.ts';
import { GuardWorkers, type Job, type Thread } from './guard-workers.ts';
import { startThread } from './start-thread.ts';
import { TenantQueue } from './tenant-queue.ts';
import type { WorkerAsk, WorkerSay } from './worker-talk.ts';

const rule = (id: string, type: string, regex: string, action: string) => `
  - id: ${id}
    description: A sample
    info_type: ${type}
    kind: secret
    regex: '${regex}'
    likelihood: LIKELY
    severity: low
    restore: { hosts: [api.test] }
    actions: { result: ${action}, request: block }
    tests: { match: ['${id}-abcdefgh'], no_match: ['${id}-short'] }`;
const RULES = `version: 1
rules:${rule('key', 'SAMPLE', '\\bkey-[a-z]{8,40}\\b', 'redact')}${rule('tok', 'TOK', '\\btok-[a-z]{8,40}\\b', 'tokenise')}${rule('bad', 'BAD', '\\bbad-[a-z]{8,40}\\b', 'block')}
`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const compiled = compileRules([{ path: 'r.yaml', text: RULES }], sha256);
if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
const rules = compiled.value;
const fingerprintKey = Buffer.alloc(32, 1);
const vault = new Vault({ now: () => 0, ttlMs: 60_000, most: 100 });
const setup = {
  ...{ fingerprintKey, vaultKey: vault.key, tokenTtlMs: 60_000, maxFindings: 200, maxLayerDepth: null },
  placeholders: ['lt_credential_ci'],
};
const workers = new GuardWorkers({ most: 2, deadlineMs: 20_000, start: () => startThread(setup), vault });
const shared = { rules, fingerprintKey, vault, maxDecodedBytes: 1_000_000 };
const here = createGuard(shared);
const there = createGuard({ ...shared, workers });
afterAll(() => workers.close());

const context = (over: Partial<GuardContext> = {}) =>
  contextOf({ task: 'k', contentType: 'application/json', ...over });

async function through(stream: BodyStream, body: Uint8Array, cuts: readonly number[], idles: ReadonlySet<number>) {
  const out: Uint8Array[] = [];
  let at = 0;
  for (const [i, cut] of [...cuts]
    .sort((a, b) => a - b)
    .concat(body.length)
    .entries()) {
    out.push(...(await stream.push(body.subarray(at, Math.max(at, cut)))));
    at = Math.max(at, cut);
    if (idles.has(i)) out.push(...(await stream.idle()));
  }
  out.push(...(await stream.end()));
  return { text: Buffer.concat(out).toString('latin1'), verdict: stream.verdict(), blocked: stream.blocked };
}

/** So long that it is looked at in several windows, with something in each. */
function longBody(seed: number, parts: readonly string[]): Buffer {
  const lines = Array.from({ length: 4000 }, (_, i) =>
    i % 97 === seed % 97 ? (parts[i % parts.length] ?? '') : `line ${i} of nothing that matters, "a": ${i}`,
  );
  return Buffer.from(JSON.stringify({ items: lines.map((text, i) => ({ id: i, text })) }));
}

const EVENTS = 'application/vnd.amazon.eventstream';

function eventsOf(text: Buffer): Buffer {
  const pieces = text.toString().match(/.{1,900}/gsu) ?? [];
  return Buffer.concat(pieces.map((piece) => encodeMessage(Buffer.alloc(0), Buffer.from(piece))));
}

const PARTS = ['key-abcdefgh', 'tok-abcdefgh', Buffer.from('key-hgfedcba and more').toString('base64'), 'é 4111'];

describe('bodies that are looked at in other threads', () => {
  it('come out as those that are looked at here, however they are cut', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(96),
        fc.array(fc.nat(250_000), { maxLength: 6 }),
        fc.array(fc.nat(5), { maxLength: 3 }),
        fc.constantFrom(
          {},
          { contentEncoding: 'gzip' },
          { contentType: EVENTS },
          { direction: 'request' as const, contentType: 'text/plain' },
        ),
        fc.constantFrom(PARTS, ['key-abcdefgh', 'nothing']),
        async (...[seed, cuts, idles, over, parts]) => {
          const plain = longBody(seed, parts);
          const framed = over.contentType === EVENTS ? eventsOf(plain) : plain;
          const body = 'contentEncoding' in over ? gzipSync(plain) : framed;
          const one = await through(here.stream(context(over)), body, cuts, new Set(idles));
          const two = await through(there.stream(context(over)), body, cuts, new Set(idles));
          expect(two).toEqual(one);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('keeps tokenised values in the vault of the process, for the task alone', async () => {
    const body = longBody(3, ['tok-onlyfromthread']);
    const { text } = await through(there.stream(context({ task: 'other' })), body, [], new Set());
    const id = /\[TOKEN:TOK:([0-9a-f]{20})\]/.exec(text)?.[1] ?? '';
    expect(text).not.toContain('tok-onlyfromthread');
    expect(vault.take({ tenant: 't', task: 'other' }, id, 'api.test')?.toString()).toBe('tok-onlyfromthread');
    expect(vault.take({ tenant: 't', task: 'k' }, id, 'api.test')).toBeNull();
  });

  it('T-34 are few bytes that stand for many', async () => {
    const inner = Buffer.from(`${'x '.repeat(400_000)} key-abcdefgh`);
    const body = Buffer.from(JSON.stringify({ file: gzipSync(inner).toString('base64') }));
    const stream = there.stream(context());
    await stream.push(body);
    const rest = stream.end();
    expect(rest).toBeInstanceOf(Promise);
    const out = JSON.parse(Buffer.concat(await rest).toString()) as { readonly file: string };
    const filter = here.filter(context());
    const same = [...filter.push(body), ...filter.end()];
    expect(JSON.parse(Buffer.concat(same).toString())).toEqual(out);
    expect(gunzipSync(Buffer.from(out.file, 'base64')).toString()).not.toContain('key-abcdefgh');
    expect(stream.verdict()).toEqual(filter.verdict());
  });

  it('says nothing more once something may not pass', async () => {
    const body = longBody(1, ['bad-abcdefgh']);
    const { blocked, verdict } = await through(there.stream(context()), body, [], new Set());
    expect({ blocked, action: verdict.action }).toEqual({ blocked: true, action: 'block' });
  });

  it('blocks what unpacks to more than the bound, and what is no gzip', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    const junk = Buffer.concat([gzipSync(Buffer.from('x'.repeat(100_000))).subarray(0, 40), Buffer.alloc(40_000, 7)]);
    for (const body of [bomb, junk]) {
      const { blocked, text } = await through(there.stream(context({ contentEncoding: 'gzip' })), body, [], new Set());
      expect({ blocked, text }).toEqual({ blocked: true, text: '' });
    }
  });

  it('goes on with the rules that it began with, and new bodies with the new ones', async () => {
    const next = compileRules([{ path: 'r.yaml', text: RULES.replace(/key-/g, 'new-') }], sha256);
    if (!next.ok) throw new Error(JSON.stringify(next.error));
    const body = longBody(5, ['key-abcdefgh', 'new-abcdefgh']);
    const begun = there.stream(context());
    const first = await begun.push(body.subarray(0, 100_000));
    workers.follow(next.value);
    const fresh = createGuard({ ...shared, rules: next.value, workers });
    const after = await through(fresh.stream(context()), body, [], new Set());
    const rest = [...(await begun.push(body.subarray(100_000))), ...(await begun.end())];
    expect(Buffer.concat([...first, ...rest]).toString()).not.toContain('key-abcdefgh');
    expect(after.text).toContain('key-abcdefgh');
    expect(after.text).not.toContain('new-abcdefgh');
  });
});

it('a set of rules finds the same after it was carried over, and takes over what has not changed', () => {
  const copy = rulesFrom(structuredClone(portableRules(rules)));
  const body = longBody(7, PARTS);
  const found = (set: typeof rules) =>
    scanLayers(body, set).map(({ rule: { spec }, start, end }) => [spec.id, start, end]);
  expect(found(copy)).toEqual(found(rules));
  expect(found(copy).length).toBeGreaterThan(10);
  const again = rulesFrom(structuredClone(portableRules(rules)), rules);
  expect(again.rules.every((one, i) => one === rules.rules[i])).toBe(true);
});

type Said =
  | { readonly done: { readonly bytes: Uint8Array<ArrayBuffer> }; readonly ms: number }
  | { readonly failed: string };

/** Threads that answer when the test says so. */
function scripted(most: number, deadlineMs = 60_000) {
  const asked: { readonly tenant: string; say: (said: Said) => void; end: () => void }[] = [];
  const warmed: { fail: () => void }[] = [];
  /** Whether each ask brought the rules along. */
  const brought: boolean[] = [];
  let ended = 0;
  let started = 0;
  const start = (): Thread => {
    started += 1;
    let hear: (said: WorkerSay) => void = () => undefined;
    let over: (why: string) => void = () => undefined;
    return {
      postMessage: ({ id, work, rules: given }: WorkerAsk) => {
        brought.push(given !== null);
        if (work === null) warmed.push({ fail: () => hear({ id, failed: 'RangeError' }) });
        if (work?.what === 'encode')
          asked.push({ tenant: work.coding, say: (said) => hear({ id, ...said }), end: () => over('ERR_TEST') });
      },
      onSay: (to) => {
        hear = to;
      },
      onEnd: (to) => {
        over = to;
      },
      hold: () => undefined,
      terminate: () => {
        ended += 1;
        over('');
      },
    };
  };
  const crew = new GuardWorkers({ most, deadlineMs, start });
  onTestFinished(() => crew.close());
  const job = (tenant: string, isSmall = false): Job => ({
    ...{ tenant, isSmall, rules },
    work: { what: 'encode', coding: tenant, chunks: [] },
  });
  const done = (ms = 1, bytes = new Uint8Array(0)): Said => ({ done: { bytes }, ms });
  return { asked, warmed, brought, crew, job, done, ended: () => ended, started: () => started };
}
const order = (asked: readonly { readonly tenant: string }[]) => asked.map(({ tenant }) => tenant).join(' ');
const settled = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: Error) => error.message,
  );

it('a thread that was started ahead is there for the first body, and no second one is', async () => {
  const { asked, crew, job, done, started } = scripted(2);
  crew.startAhead(rules);
  crew.startAhead(rules);
  expect(started()).toBe(1);
  const first = settled(crew.run(job('a')));
  expect(started()).toBe(1);
  asked[0]?.say(done());
  expect(await first).toBe('done');
  crew.close();
  crew.startAhead(rules);
  expect(started()).toBe(1);
});

describe('who waits for a thread', () => {
  it('tenants take turns, whatever one of them piles up', () => {
    const { asked, crew, job, done } = scripted(1);
    for (const tenant of ['a', 'a', 'a', 'a', 'b', 'c']) void settled(crew.run(job(tenant)));
    while (asked.length < 6) asked.at(-1)?.say(done());
    expect(order(asked)).toBe('a a b c a a');
  });

  it('a tenant whose windows take long never has all threads', () => {
    const { asked, crew, job, done } = scripted(2);
    void settled(crew.run(job('slow')));
    asked[0]?.say(done(3000));
    for (let i = 0; i < 3; i += 1) void settled(crew.run(job('slow')));
    expect(order(asked)).toBe('slow slow');
    void settled(crew.run(job('other')));
    expect(order(asked)).toBe('slow slow other');
  });

  it('of one tenant what is small goes first', () => {
    const queue = new TenantQueue<{ tenant: string; isSmall: boolean }>({ mostOfOne: 10, most: 10 });
    for (const isSmall of [false, false, true]) queue.add({ tenant: 'a', isSmall });
    expect([queue.next(false), queue.next(false), queue.next(false), queue.next(false)]).toEqual([
      { tenant: 'a', isSmall: true },
      { tenant: 'a', isSmall: false },
      { tenant: 'a', isSmall: false },
      null,
    ]);
  });

  it('too many of one tenant are refused, others are not', async () => {
    const { crew, job } = scripted(1);
    const all = Array.from({ length: 514 }, () => settled(crew.run(job('a'))));
    expect(await all[513]).toBe('the guard could not look at the body: busy');
    const other = settled(crew.run(job('b')));
    crew.close();
    expect(await other).toBe('the guard could not look at the body: closed');
  });
});

describe('threads that fail', () => {
  it('one that ends costs the body that it looked at, and another takes its place', async () => {
    const { asked, crew, job, done } = scripted(1);
    const warm = settled(crew.run(job('a')));
    asked[0]?.say(done());
    await warm;
    const [first, second] = [settled(crew.run(job('a'))), settled(crew.run(job('a')))];
    asked[1]?.end();
    expect(await first).toBe('the guard could not look at the body: lost');
    asked[2]?.say(done());
    expect(await second).toBe('done');
  });

  it('one that does not start costs nothing the first time', async () => {
    const { asked, crew, job, done } = scripted(1);
    const first = settled(crew.run(job('a')));
    asked[0]?.end();
    asked[1]?.say(done());
    expect(await first).toBe('done');
  });

  it('one that takes too long is ended, and another takes its place', async () => {
    const { asked, crew, job, done, ended } = scripted(1, 20);
    const warm = settled(crew.run(job('a')));
    asked[0]?.say(done());
    await warm;
    const [first, second] = [settled(crew.run(job('a'))), settled(crew.run(job('b')))];
    expect(await first).toBe('the guard could not look at the body: deadline');
    expect(ended()).toBe(1);
    asked[2]?.say(done());
    expect(await second).toBe('done');
  });

  it('what fails in it says why by name only, and the thread goes on', async () => {
    const { asked, crew, job, done } = scripted(1);
    const first = settled(crew.run(job('a')));
    asked[0]?.say({ failed: 'RangeError' });
    expect(await first).toBe('the guard could not look at the body: failed');
    const second = settled(crew.run(job('a')));
    asked[1]?.say(done());
    expect(await second).toBe('done');
  });

  it('one that cannot take rules does not answer for a body, nor is a body given the answer of another', async () => {
    const { asked, warmed, brought, crew, job, done } = scripted(1);
    crew.startAhead(rules);
    const [first, second] = [crew.run(job('a')), crew.run(job('b'))];
    warmed[0]?.fail();
    expect(order(asked)).toBe('a');
    asked[0]?.say(done(1, new Uint8Array([1])));
    expect(await first).toEqual({ bytes: new Uint8Array([1]) });
    // Late, and once more: of a job that is over.
    asked[0]?.say(done(1, new Uint8Array([1])));
    asked[1]?.say(done(1, new Uint8Array([2])));
    expect(await second).toEqual({ bytes: new Uint8Array([2]) });
    // The rules that it could not take were sent again, ahead of the next body.
    expect(brought).toEqual([true, false, true, false]);
  });

  it('where none lives nobody waits for ever', async () => {
    const { asked, crew, job } = scripted(1);
    const all = Array.from({ length: 5 }, () => settled(crew.run(job('a'))));
    for (let i = 0; i < 3; i += 1) asked[i]?.end();
    expect(asked.length).toBe(3);
    const lost = 'the guard could not look at the body: lost';
    expect(await Promise.all(all)).toEqual([lost, lost, lost, lost, lost]);
    expect(await settled(crew.run(job('a')))).toBe('the guard could not look at the body: closed');
  });
});
