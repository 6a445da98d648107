import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copiedBy } from '../../test/counted-copies.ts';
import { CLIENT_HELLO_LIMIT, ClientHelloReader } from './client-hello.ts';

const readClientHello = (bytes: Uint8Array) => new ClientHelloReader().read(bytes);

const u8 = (n: number) => [n & 255];
const u16 = (n: number) => [(n >> 8) & 255, n & 255];
const ascii = (text: string) => [...text].map((c) => c.charCodeAt(0));
const vector8 = (bytes: readonly number[]) => [...u8(bytes.length), ...bytes];
const vector16 = (bytes: readonly number[]) => [...u16(bytes.length), ...bytes];

const extension = (type: number, data: readonly number[]) => [...u16(type), ...vector16(data)];
const sni = (...names: string[]) => extension(0, vector16(names.flatMap((name) => [0, ...vector16(ascii(name))])));
const alpn = (...names: string[]) => extension(16, vector16(names.flatMap((name) => vector8(ascii(name)))));
const ECH = extension(0xfe0d, [0, 0, 1, 0, 1, 7, 0, 0, 0, 0]);
const EARLY_DATA = extension(42, []);

/** A handshake message with these extensions. */
function message(...extensions: readonly (readonly number[])[]): number[] {
  const random = Array.from({ length: 32 }, (_, i) => i);
  const body = [
    3,
    3,
    ...random,
    ...vector8([]),
    ...vector16([0x13, 1]),
    ...vector8([0]),
    ...vector16(extensions.flat()),
  ];
  return [1, 0, ...u16(body.length), ...body];
}

/** The message in records of so many bytes. */
function records(bytes: readonly number[], size = 16_000): Uint8Array {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(22, 3, 1, ...vector16(bytes.slice(at, at + size)));
  return Uint8Array.from(out);
}

const read = (...extensions: readonly (readonly number[])[]) => readClientHello(records(message(...extensions)));

describe('a ClientHello', () => {
  it('says its name and its protocols', () => {
    expect(read(sni('a.example'), alpn('h2', 'http/1.1'))).toEqual({
      ok: true,
      value: { sni: 'a.example', alpn: ['h2', 'http/1.1'], ech: false, earlyData: false },
    });
  });

  it('T-02 has no name: null', () => {
    expect(read(alpn('h2'))).toMatchObject({ value: { sni: null } });
  });

  it('T-04 with two names, or two extensions of names, is refused', () => {
    expect(read(sni('a.example', 'b.example'))).toEqual({ ok: false, error: 'two_sni' });
    expect(read(sni('a.example'), sni('b.example'))).toEqual({ ok: false, error: 'two_sni' });
    expect(read(sni('a.example'), alpn('h2'), alpn('h2'))).toEqual({ ok: false, error: 'duplicate_extension' });
  });

  it('T-05 with ECH says so, GREASE or not', () => {
    expect(read(sni('a.example'), ECH)).toMatchObject({ value: { ech: true } });
  });

  it.each([0xffce, 0xff02, 0xfe08, 0xfe09, 0xfe0a])('T-05 with an encrypted name of a draft, too: %i', (type) => {
    expect(read(sni('a.example'), extension(type, [1, 2, 3]))).toMatchObject({ value: { ech: true } });
  });

  it('T-04 names nothing but a host', () => {
    const typed = extension(0, vector16([1, ...vector16(ascii('a.example'))]));
    const beside = extension(0, vector16([0, ...vector16(ascii('a.example')), 1, ...vector16(ascii('b.example'))]));
    for (const names of [typed, beside]) expect(read(names)).toEqual({ ok: false, error: 'malformed' });
  });

  it('T-07 that announces early data says so', () => {
    expect(read(sni('a.example'), EARLY_DATA)).toMatchObject({ value: { earlyData: true } });
  });

  it('T-03 is the same however it is cut into records, and needs every byte of them', () => {
    const whole = message(sni('a.example'), alpn('h2'));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: whole.length }), fc.nat(), (size, cut) => {
        const bytes = records(whole, size);
        expect(readClientHello(bytes)).toMatchObject({ value: { sni: 'a.example', alpn: ['h2'] } });
        expect(readClientHello(bytes.subarray(0, cut % bytes.length))).toBeNull();
      }),
    );
  });

  it('T-03 without end is refused at its bound', () => {
    const endless = new Uint8Array(CLIENT_HELLO_LIMIT + 4000);
    endless.set([22, 3, 1, 0, 4, 1, 0, 0x30, 0x00]);
    for (let at = 9; at + 9 <= endless.length; at += 9) endless.set([22, 3, 1, 0, 4, 0, 0, 0, 0], at);
    expect(readClientHello(endless)).toMatchObject({ ok: false });
  });

  it('T-45 in records of one byte costs no more than its bytes, in one piece or in many', () => {
    const whole = message(sni('a.example'), extension(21, Array(2400).fill(0)));
    const bytes = Buffer.from(records(whole, 1));
    for (const size of [bytes.length, 1]) {
      let found: unknown = null;
      const copied = copiedBy(() => {
        const reader = new ClientHelloReader();
        for (let end = size; end <= bytes.length; end += size) found = reader.read(bytes.subarray(0, end));
      });
      expect(found).toMatchObject({ value: { sni: 'a.example' } });
      expect(copied).toBeLessThan(4 * bytes.length);
    }
  });

  it('T-45 looks at no record twice, and at none behind its bound', () => {
    // Reads of the type of a record are counted: twenty thousand records of one byte, in one piece.
    const head = [1, 0, 0x3f, 0xf0];
    let looked = 0;
    const endless = new Proxy(Uint8Array.from(records([...head, ...Array(20_000).fill(0)], 1)), {
      get(bytes, key) {
        if (typeof key === 'string' && /^[0-9]+$/.test(key) && Number(key) % 6 === 0) looked += 1;
        const value = Reflect.get(bytes, key, bytes) as unknown;
        return typeof value === 'function' ? value.bind(bytes) : value;
      },
    });
    expect(new ClientHelloReader().read(endless)).toEqual({ ok: false, error: 'too_large' });
    expect(looked).toBeLessThanOrEqual(CLIENT_HELLO_LIMIT / 6 + 1);
  });

  it.each([
    ['HTTP', ascii('GET / HTTP/1.1\r\n')],
    ['SSH', ascii('SSH-2.0-OpenSSH')],
    ['an alert', [21, 3, 3, 0, 2, 2, 40]],
    ['SSL 2', [0x80, 0x2e, 1, 0, 2]],
  ])('T-08 is not %s', (_, bytes) => {
    expect(readClientHello(Uint8Array.from(bytes))).toEqual({ ok: false, error: 'not_tls' });
    expect(readClientHello(Uint8Array.from(bytes.slice(0, 1)))).toEqual({ ok: false, error: 'not_tls' });
  });

  it('never throws and never reads a name that is not there, whatever the bytes', () => {
    const good = records(message(sni('a.example'), alpn('h2'), ECH));
    const changed = fc
      .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 })
      .map((edits) => edits.reduce((bytes, [at, value]) => bytes.with(at, value), good));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), changed), (bytes) => {
        const found = readClientHello(bytes);
        if (found?.ok && found.value.sni !== null) {
          expect(Buffer.from(bytes).toString('latin1')).toContain(found.value.sni.slice(0, 3));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
