import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SecondHello } from './second-hello.ts';

const u16 = (n: number) => [(n >> 8) & 255, n & 255];
const record = (type: number, bytes: readonly number[]) => [type, 3, 3, ...u16(bytes.length), ...bytes];
const CCS = record(20, [1]);
const WARNING = record(21, [1, 90]);

function hello(...names: string[]): number[] {
  const list = names.flatMap((name) => [0, ...u16(name.length), ...[...name].map((c) => c.charCodeAt(0))]);
  const sni = [...u16(0), ...u16(list.length + 2), ...u16(list.length), ...list];
  const body = [3, 3, ...Array(32).fill(7), 0, ...u16(2), 0x13, 1, 1, 0, ...u16(sni.length), ...sni];
  return [1, 0, ...u16(body.length), ...body];
}

/** In records of so many bytes. */
function inRecords(bytes: readonly number[], size: number): number[] {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(...record(22, bytes.slice(at, at + size)));
  return out;
}

interface Seen {
  readonly passed: number[];
  readonly names: (string | null)[];
  readonly error: string | null;
  readonly done: boolean;
}

/** Fed in pieces of so many bytes, as long as it is not done and takes them. */
function watch(bytes: readonly number[], piece = bytes.length): Seen {
  const second = new SecondHello();
  const passed: number[] = [];
  const names: (string | null)[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    const part = Uint8Array.from(bytes.slice(at, at + piece));
    if (second.done) {
      passed.push(...part);
      continue;
    }
    const read = second.push(part);
    if (!read.ok) return { passed, names, error: read.error, done: second.done };
    if (read.value.hello !== null) names.push(read.value.hello.sni);
    passed.push(...read.value.pass);
  }
  return { passed, names, error: null, done: second.done };
}

describe('a second ClientHello', () => {
  const bytes = [...CCS, ...record(22, hello('other.example')), ...record(23, [1, 2, 3])];

  it('T-01 is seen behind a ChangeCipherSpec, with its name', () => {
    expect(watch(bytes)).toEqual({ passed: bytes, names: ['other.example'], error: null, done: true });
  });

  it('T-03 is seen however it is cut into records and pieces, and no byte of it goes on before', () => {
    const cuts = fc.record({ size: fc.integer({ min: 1, max: 200 }), piece: fc.integer({ min: 1, max: 300 }) });
    fc.assert(
      fc.property(cuts, ({ size, piece }) => {
        const cut = [...CCS, ...WARNING, ...inRecords(hello('other.example'), size)];
        const seen = watch(cut, piece);
        expect(seen).toEqual({ passed: cut, names: ['other.example'], error: null, done: true });
        const short = watch(cut.slice(0, -1), piece);
        expect(short.names).toEqual([]);
        expect(short.passed.length).toBeLessThanOrEqual(CCS.length + WARNING.length);
      }),
    );
  });

  it('T-04 with two names is refused', () => {
    expect(watch(record(22, hello('a.example', 'b.example'))).error).toBe('two_sni');
  });

  it('T-45 without end is refused within bounds', () => {
    const large = [1, 0, 0x50, 0, 3, 3];
    expect(watch(record(22, [...large, ...Array(12_000).fill(0)])).error).toBe('too_large');
  });
});

describe('other handshakes go on at once and are not looked at any more', () => {
  it.each([
    ['TLS 1.3: encrypted records', [...CCS, ...record(23, [9, 9, 9])]],
    ['TLS 1.2: ClientKeyExchange', record(22, [16, 0, 0, 2, 1, 2])],
    ['TLS 1.2 resumed: an encrypted Finished', [...CCS, ...record(22, [1, 0, 0, 0, 0, 0, 0, 7, 1, 2])]],
    ['no TLS', [0x47, 0x45, 0x54]],
  ])('%s', (_, bytes) => {
    expect(watch(bytes)).toEqual({ passed: bytes, names: [], error: null, done: true });
  });

  it('whatever bytes come, none is lost, doubled or changed', () => {
    const any = fc.array(fc.oneof(fc.constantFrom(...CCS, 22, 1, 3), fc.nat(255)), { maxLength: 400 });
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 50 }), (bytes, piece) => {
        const seen = watch(bytes, piece);
        expect(bytes.slice(0, seen.passed.length)).toEqual(seen.passed);
        if (seen.done) expect(seen.passed).toEqual(bytes);
      }),
    );
  });
});
