import { createHash } from 'node:crypto';
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextOf } from '../../test/dlp/guard-context.ts';
import { ruleSet, SAMPLE_RULES } from '../../test/dlp/small-rules.ts';
import type { Packing } from '../dlp/layers/compressed.ts';
import { NOWHERE } from '../dlp/scan.ts';
import { LAYER_LIMITS, lookInto } from '../dlp/scan-layers.ts';
import { recoded } from './encoded-filter.ts';
import { FieldParts } from './field-parts.ts';
import { createGuard } from './guard.ts';
import type { GuardContext } from './guard-context.ts';
import { whyBlocked } from './judge.ts';
import { zlibPacking } from './packing.ts';

const rules = ruleSet(SAMPLE_RULES);
const guard = createGuard({ rules, fingerprintKey: Buffer.alloc(32, 1) });

function run(body: Buffer | string, over: Partial<GuardContext> = {}) {
  const filter = guard.filter(contextOf(over));
  const bytes = Buffer.from(body);
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 7) out.push(...filter.push(bytes.subarray(at, at + 7)));
  if (!filter.blocked) out.push(...filter.end());
  return { out: Buffer.concat(out), verdict: filter.verdict(), blocked: filter.blocked };
}

const WAYS = [
  ['gzip', gzipSync, gunzipSync],
  ['zlib', deflateSync, inflateSync],
  ['zstd', zstdCompressSync, zstdDecompressSync],
  ['brotli', brotliCompressSync, brotliDecompressSync],
] as const;
const PLAIN = '{"a":"key-abcdefgh","b":"key-ijklmnop","c":"key-short"}';
const CLEAN = '{"a":"[REDACTED:SAMPLE]","b":"[REDACTED:SAMPLE]","c":"key-short"}';

describe('what is compressed inside other text', () => {
  it.each(WAYS)('T-35 is rewritten in its own compression, every finding of it: %s in base64', (_, pack, unpack) => {
    const body = JSON.stringify({ file: pack(PLAIN).toString('base64'), n: 1 });
    const { out, verdict } = run(body, { contentType: 'application/json' });
    expect(unpack(Buffer.from(JSON.parse(out.toString()).file, 'base64')).toString()).toBe(CLEAN);
    expect(verdict.findings.map(({ path }) => path)).toEqual(['$.file', '$.file']);
    expect(run(body, { direction: 'request' }).blocked).toBe(true);
  });

  it.each(WAYS.slice(0, 3))(
    'T-35 is found behind bytes that look like many beginnings, and hold none: %s',
    (_, pack) => {
      // They are the name of a file: nobody unpacks that.
      const name = Buffer.alloc(6000, '\x1f\x8b\x08', 'latin1');
      const head = Buffer.from('1f8b0808000000000003', 'hex');
      const first = Buffer.concat([head, name, Buffer.alloc(1), deflateRawSync('nothing'), Buffer.alloc(8)]);
      const body = Buffer.concat([first, pack === deflateSync ? gzipSync(PLAIN) : pack(PLAIN)]).toString('base64');
      expect(run(body, { direction: 'request' }).blocked).toBe(true);
    },
  );

  it('T-35 zlib is undone though the head of another stands in it', () => {
    const body = deflateSync(`\u001f\u008b\u0008 PK\u0003\u0004 ${PLAIN}`, { level: 0 }).toString('base64');
    const other = deflateSync(Buffer.concat([Buffer.from('1f8b0800', 'hex'), Buffer.from(PLAIN)]), { level: 0 });
    expect(run(body, { direction: 'request' }).blocked).toBe(true);
    expect(run(other.toString('base64'), { direction: 'request' }).blocked).toBe(true);
  });

  it.each(WAYS.filter(([name]) => name === 'gzip' || name === 'zstd'))(
    'T-35 is found behind a word that looks like a part of it: %s',
    (_, pack) => {
      for (const before of ['path/', 'A', 'AB', 'ABC', 'ABCD', 'x-'])
        expect([before, run(`w ${before}${pack(PLAIN).toString('base64')}`).verdict.action]).toEqual([
          before,
          'redact',
        ]);
    },
  );

  it('T-34 T-35 is rewritten through every layer of a nest', () => {
    const inner = gzipSync(PLAIN).toString('base64');
    const body = zstdCompressSync(JSON.stringify({ inner })).toString('hex');
    const { out } = run(body);
    const layer = JSON.parse(zstdDecompressSync(Buffer.from(out.toString(), 'hex')).toString()).inner;
    expect(gunzipSync(Buffer.from(layer, 'base64')).toString()).toBe(CLEAN);
  });

  it('T-35 is seen where it stands as bytes on its way out: beginnings in the midst, wrong checksums, zip entries', () => {
    const broken = gzipSync(PLAIN);
    broken.writeUInt32LE(7, broken.length - 8);
    const name = Buffer.from('a.txt');
    const head = Buffer.alloc(30);
    head.write('PK\u0003\u0004', 'latin1');
    head.writeUInt16LE(8, 8);
    head.writeUInt16LE(name.length, 26);
    const entry = Buffer.concat([head, name, deflateRawSync(PLAIN)]);
    for (const packed of [gzipSync(PLAIN), broken, entry]) {
      const body = Buffer.concat([Buffer.from('some bytes '), packed, Buffer.from(' more')]);
      expect(run(body, { direction: 'request' }).blocked).toBe(true);
      // What is downloaded has its checksums elsewhere.
      expect(run(body).out.equals(body)).toBe(true);
    }
  });

  it.each(WAYS.slice(0, 3))('stays %s where a whole body is that and nothing says so', (_, pack, unpack) => {
    expect(unpack(run(pack(PLAIN), { sniff: true }).out).toString()).toBe(CLEAN);
    expect(run(pack(PLAIN), { direction: 'request' }).blocked).toBe(true);
    const clean = pack('nothing to see');
    expect(run(clean, { sniff: true }).out.equals(clean)).toBe(true);
  });

  it('T-34 costs no more than its bounds, and what a bomb begins with is seen', () => {
    const bomb = gzipSync(Buffer.concat([Buffer.from('key-abcdefgh '), Buffer.alloc(64 * 1024 * 1024)]));
    expect(run(bomb.subarray(0, 60_000).toString('base64'), { direction: 'request' }).blocked).toBe(true);
  });

  // Nothing is found, and there may be anything where nobody looked.
  const unread = gzipSync(Buffer.concat([Buffer.alloc(12 * 1024 * 1024), Buffer.from('key-abcdefgh')]));
  const many = Buffer.concat(Array.from({ length: 1100 }, (_, i) => gzipSync(i === 1099 ? 'key-abcdefgh' : 'none')));
  const settings = contextOf().settings;
  const NOISE = createHash('sha512').update('noise').digest();
  const broken = (packed: Buffer) =>
    Buffer.concat([packed.subarray(0, -3), packed.subarray(-3).map((byte) => byte ^ 0x5a)]);
  it.each([
    ['what unpacks to more', unread.toString('base64')],
    [
      'brotli that does',
      brotliCompressSync(Buffer.concat([Buffer.alloc(12 << 20), Buffer.from('key-abcdefgh')])).toString('base64'),
    ],
    ['more pieces', many.toString('base64')],
    ['a file behind other bytes', Buffer.concat([Buffer.from('some bytes '), unread])],
  ])('T-34 T-35 is unscannable beyond its bounds: %s', (_, body) => {
    const leaving = { direction: 'request', contentType: 'application/octet-stream' } as const;
    const { blocked, verdict, out } = run(body, leaving);
    expect([blocked, verdict.action, verdict.findings, out.length]).toEqual([true, 'block', [], 0]);
    for (const over of [{ unscannable: 'pass' }, { request: 'observe' }] as const) {
      const passed = run(body, { ...leaving, settings: { ...settings, ...over } });
      expect([passed.blocked, passed.out.equals(Buffer.from(body))]).toEqual([false, true]);
    }
  });

  it('T-34 T-35 is unscannable though what was found beside it may pass', () => {
    const ignoring = { ...settings, ignore: ['sample'] };
    const text = `key-abcdefgh ${unread.toString('base64')}`;
    const { verdict, out } = run(text, { settings: ignoring });
    expect(verdict).toMatchObject({ action: 'block', findings: [{ action: 'pass' }], unread: true });
    expect(whyBlocked(verdict)).toBe('guard_unscannable');
    expect(out.length).toBe(0);
    const fields = guard.fields([['x-data', text]], contextOf({ settings: ignoring }));
    expect(fields.verdict).toMatchObject({ action: 'block', findings: [{ action: 'pass' }], unread: true });
    const dirty = run(`key-abcdefgh ${unread.toString('base64')}`, { direction: 'request' });
    expect(whyBlocked(dirty.verdict)).toBe('guard_blocked');
  });

  it('T-85 is said not to be read of a head that may pass', () => {
    const observing = contextOf({ direction: 'request', settings: { ...settings, request: 'observe' } });
    const text = `/${unread.toString('base64url')}`;
    expect(guard.scanParts([{ name: 'url.path', text }], observing)).toMatchObject({ action: 'pass', unread: true });
  });

  it.each([{ unscannable: 'pass' }, { request: 'observe' }] as const)(
    'T-34 a body in an unknown encoding goes on as it came where it may: %j',
    (over) => {
      const body = 'of some bytes';
      const how = { direction: 'request', contentEncoding: 'compress' } as const;
      expect(run(body, how)).toMatchObject({ blocked: true, verdict: { action: 'block', unread: true } });
      const passed = run(body, { ...how, settings: { ...settings, ...over } });
      expect(passed).toMatchObject({ blocked: false, verdict: { action: 'pass', unread: true } });
      expect(passed.out.toString()).toBe(body);
    },
  );

  it.each([
    ['bombs', zstdCompressSync(Buffer.alloc(12 << 20)), 1],
    ['bombs of brotli', brotliCompressSync(Buffer.alloc(12 << 20)), 1],
    ['bombs that break', broken(zstdCompressSync(Buffer.alloc(7 << 20))), 1],
    [
      'brotli that breaks off',
      brotliCompressSync(Buffer.concat([Buffer.alloc(7 << 20, 'words '), NOISE])).subarray(0, -20),
      1,
    ],
    ['smaller ones', zstdCompressSync(Buffer.alloc(1 << 20)), 9],
    ['what only begins like one', Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), Buffer.alloc(32, 7)]), 1024],
  ] as const)('T-34 T-45 is undone no further once its bounds are reached: %s', (_, bytes, most) => {
    let made = 0;
    let tries = 0;
    const packing: Packing = {
      ...zlibPacking,
      unpack(...asked) {
        tries += 1;
        const found = zlibPacking.unpack(...asked);
        made += found?.decoded.length ?? 0;
        return found;
      },
    };
    const text = Buffer.from(`${bytes.toString('base64')} `.repeat(2000).slice(0, 80_000));
    const { isWhole } = lookInto(text, rules, NOWHERE, { ...LAYER_LIMITS, packing });
    expect(isWhole).toBe(false);
    expect(tries).toBeLessThanOrEqual(most);
    expect(made).toBeLessThanOrEqual(LAYER_LIMITS.bytes);
  });

  it.each([true, false])(
    'T-34 is tried once in an archive, however often what stands beside it is read: leaving %s',
    (isLeaving) => {
      const entry = (i: number) => {
        const name = Buffer.from(`%41&lt;\\u0041=3D${i}.txt`);
        const head = Buffer.alloc(30);
        head.write('PK\u0003\u0004', 'latin1');
        head.writeUInt16LE(8, 8);
        head.writeUInt16LE(name.length, 26);
        return Buffer.concat([head, name, deflateRawSync(`file ${i}`)]);
      };
      let tries = 0;
      const packing: Packing = {
        ...zlibPacking,
        unpack(...asked) {
          tries += 1;
          return zlibPacking.unpack(...asked);
        },
      };
      const text = Buffer.concat(Array.from({ length: 900 }, (_, i) => entry(i)));
      const { isWhole } = lookInto(text, rules, { ...NOWHERE, isLeaving }, { ...LAYER_LIMITS, packing });
      expect([isWhole, tries]).toEqual([true, isLeaving ? 900 : 0]);
    },
  );

  it('T-34 T-35 is unscannable beyond its bounds in a query and in a field, too', () => {
    const text = unread.toString('base64');
    const context = contextOf({ direction: 'request' });
    expect(guard.scanParts([{ name: 'url.query', text }], context)).toMatchObject({ action: 'block', unread: true });
    const fields = new FieldParts([{ name: 'x-data', text }]);
    for (let i = 0; i < 2; i += 1)
      expect(guard.scanParts([], context, fields)).toMatchObject({ action: 'block', findings: [], unread: true });
    const { verdict } = guard.fields([['x-data', text]], contextOf());
    expect(verdict).toMatchObject({ action: 'block', findings: [], unread: true });
    const pass = { ...settings, unscannable: 'pass' } as const;
    expect(guard.scanParts([], contextOf({ direction: 'request', settings: pass }), fields).action).toBe('pass');
    expect(guard.fields([['x-data', text]], contextOf({ settings: pass })).verdict).toMatchObject({
      action: 'pass',
      unread: true,
    });
  });

  it('takes out two values that share a group of base64', () => {
    for (const pad of ['', 'x', 'xx']) {
      const body = Buffer.from(`${pad}some words key-abcdefgh key-ijklmnop and more`).toString('base64');
      const decoded = Buffer.from(run(body).out.toString(), 'base64').toString();
      expect(decoded).toMatch(/^x*some words \[REDACTED:SAMPLE\]\** \[REDACTED:SAMPLE\]\** and more$/);
    }
  });
});

describe('a body that is changed inside its content encoding', () => {
  const change = (plain: Buffer) => Buffer.from(plain.toString().replace('placeholder', 'value'));
  it.each([
    ['gzip', gzipSync, gunzipSync],
    ['br', brotliCompressSync, brotliDecompressSync],
    ['zstd', zstdCompressSync, zstdDecompressSync],
    ['deflate', deflateSync, inflateSync],
  ] as const)('T-41 keeps it, and is as it came where nothing is changed: %s', (encoding, pack, unpack) => {
    const how = { max: 1000, change };
    expect(unpack(recoded(pack('a placeholder'), encoding, how)).toString()).toBe('a value');
    const same = pack('nothing');
    expect(recoded(same, encoding, how)).toBe(same);
    const large = pack('placeholder '.repeat(200));
    expect(recoded(large, encoding, how)).toBe(large);
  });
});

describe('T-34 `deflate` without the head of zlib, as some servers send it', () => {
  const over = { contentEncoding: 'deflate' };

  it('is looked into, and goes on with a head where anything was taken out', () => {
    const { out, verdict } = run(deflateRawSync(PLAIN), over);
    expect(verdict.findings.map(({ rule }) => rule)).toEqual(['sample', 'sample']);
    expect(inflateSync(out).toString()).not.toContain('abcdefgh');
    const clean = deflateRawSync('nothing in it');
    expect(run(clean, over)).toMatchObject({ out: clean, blocked: false });
  });

  it.each([
    ['half of one', deflateRawSync('x'.repeat(50) + Math.PI).subarray(0, 8)],
    ['one with more behind it', Buffer.concat([deflateRawSync(PLAIN), Buffer.from('more')])],
    ['text', Buffer.from(PLAIN)],
    ['the head of zlib before it, and no checksum', deflateSync(PLAIN).subarray(0, -1)],
  ])('%s is not taken for one', (_, body) => {
    expect(run(body, over)).toMatchObject({ blocked: true, verdict: { action: 'block', findings: [] } });
  });
});

describe('any cut of the input', () => {
  const long = `${'words that go on and on '.repeat(3500)}key-abcdefgh and `;
  it.each([
    ['plain text', Buffer.from(`${long}${PLAIN}`), {}],
    ['Latin-1', Buffer.from(`Schl\xfcssel ${PLAIN} f\xfcr`, 'latin1'), {}],
    ['UTF-16', Buffer.from(`\ufeffthe ${PLAIN} end`, 'utf16le'), {}],
    ['base64', Buffer.from(Buffer.from(PLAIN).toString('base64')), {}],
    [
      'base64 on lines',
      Buffer.from(Buffer.from(`${PLAIN}${PLAIN}`).toString('base64').replaceAll(/.{48}/g, '$&\n')),
      {},
    ],
    ['gzip in base64', Buffer.from(gzipSync(PLAIN).toString('base64')), {}],
    ['gzip', gzipSync(PLAIN), { sniff: true }],
    ['a list', Buffer.from(JSON.stringify({ p: ['key-', 'abcdefgh'] })), { contentType: 'application/json' }],
    ['events', Buffer.from('data: key-\n\ndata: abcdefgh\n\n'), { contentType: 'text/event-stream' }],
    ['a form', Buffer.from('a=key-abcdefgh&b=%6bey-ijklmnop'), { contentType: 'application/x-www-form-urlencoded' }],
  ])('T-36 gives the same output and verdict: %s', (_, body, over) => {
    const through = (cuts: readonly number[]) => {
      const filter = guard.filter(contextOf(over));
      const out: Uint8Array[] = [];
      let at = 0;
      for (const cut of [...cuts, body.length].sort((a, b) => a - b)) {
        out.push(...filter.push(body.subarray(at, cut)));
        at = cut;
      }
      out.push(...filter.end());
      return { out: Buffer.concat(out), verdict: filter.verdict() };
    };
    const whole = through([]);
    expect(whole.verdict.action).toBe('redact');
    fc.assert(
      fc.property(fc.array(fc.nat(body.length), { maxLength: 12 }), (cuts) => {
        const cut = through(cuts);
        expect(cut.out.equals(whole.out)).toBe(true);
        expect(cut.verdict).toEqual(whole.verdict);
      }),
      { numRuns: 15 },
    );
  });
});
