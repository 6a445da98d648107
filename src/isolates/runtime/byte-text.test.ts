import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { installByteText } from './byte-text.ts';

interface Methods {
  toBase64(options?: object): string;
  toHex(): string;
  setFromBase64(text: string, options?: object): { read: number; written: number };
  setFromHex(text: string): { read: number; written: number };
}
interface Maker {
  fromBase64(text: unknown, options?: unknown): Uint8Array<ArrayBuffer> & Methods;
  fromHex(text: unknown): Uint8Array<ArrayBuffer> & Methods;
}

installByteText();
const maker = Uint8Array as unknown as Maker;
const bytes = (...values: number[]) => Uint8Array.from(values) as Uint8Array<ArrayBuffer> & Methods;

/** What a call gives: its bytes, its answer, or the name of its error. */
function outcome(run: () => unknown): unknown {
  try {
    const given = run();
    return given instanceof Uint8Array ? [...given] : given;
  } catch (error) {
    return (error as Error).name;
  }
}

describe('Uint8Array and base64', () => {
  it.each([
    ['AQID', undefined, [1, 2, 3]],
    [' A\tQ\nI\fD\r', undefined, [1, 2, 3]],
    ['AQI', undefined, [1, 2]],
    ['AQI', { lastChunkHandling: 'strict' }, 'SyntaxError'],
    ['AQI', { lastChunkHandling: 'stop-before-partial' }, []],
    ['AQIDA', { lastChunkHandling: 'stop-before-partial' }, [1, 2, 3]],
    ['AQIDA', undefined, 'SyntaxError'],
    ['AQI=', { lastChunkHandling: 'strict' }, [1, 2]],
    ['AQJ=', { lastChunkHandling: 'strict' }, 'SyntaxError'],
    ['AQJ=', undefined, [1, 2]],
    ['AQ==', undefined, [1]],
    ['AQ = = ', undefined, [1]],
    ['AQ=', undefined, 'SyntaxError'],
    ['AQ=', { lastChunkHandling: 'stop-before-partial' }, []],
    ['AQ==AQ', undefined, 'SyntaxError'],
    ['A=', undefined, 'SyntaxError'],
    ['=', undefined, 'SyntaxError'],
    ['-_+/', undefined, 'SyntaxError'],
    ['-_-_', { alphabet: 'base64url' }, [251, 255, 191]],
    ['+/+/', { alphabet: 'base64url' }, 'SyntaxError'],
    ['ä', undefined, 'SyntaxError'],
    ['AQID', { alphabet: 'other' }, 'TypeError'],
    ['AQID', { alphabet: Object('base64') }, 'TypeError'],
    ['AQID', { lastChunkHandling: 'other' }, 'TypeError'],
    ['AQID', null, 'TypeError'],
    [Object('AQID'), undefined, 'TypeError'],
  ])('reads %j with %j', (text, options, expected) => {
    expect(outcome(() => maker.fromBase64(text, options))).toEqual(expected);
  });

  it.each([
    [4, 'AQIDBAUG', { read: 4, written: 3 }, [1, 2, 3, 0]],
    [5, 'AQIDBAUG', { read: 4, written: 3 }, [1, 2, 3, 0, 0]],
    [5, 'AQIDBAU=', { read: 8, written: 5 }, [1, 2, 3, 4, 5]],
    [3, 'AQID!', { read: 4, written: 3 }, [1, 2, 3]],
    [6, 'AQID!AUG', 'SyntaxError', [1, 2, 3, 0, 0, 0]],
    [0, '!', { read: 0, written: 0 }, []],
  ])('writes into %i bytes of %j', (size, text, answer, expected) => {
    const into = bytes(...Array<number>(size).fill(0));
    expect(outcome(() => into.setFromBase64(text))).toEqual(answer);
    expect([...into]).toEqual(expected);
  });

  it.each([
    [2, '010203', { read: 4, written: 2 }, [1, 2]],
    [3, '01zz03', 'SyntaxError', [1, 0, 0]],
    [3, '010', 'SyntaxError', [0, 0, 0]],
    [1, 'Ff', { read: 2, written: 1 }, [255]],
  ])('writes into %i bytes of hex %j', (size, text, answer, expected) => {
    const into = bytes(...Array<number>(size).fill(0));
    expect(outcome(() => into.setFromHex(text))).toEqual(answer);
    expect([...into]).toEqual(expected);
  });

  it('agrees with Node on any bytes, and goes there and back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (given, omitPadding) => {
        const own = bytes(...given);
        const padded = Buffer.from(given).toString('base64');
        expect(own.toBase64()).toBe(padded);
        expect(own.toBase64({ omitPadding })).toBe(omitPadding ? padded.replace(/=/g, '') : padded);
        expect(own.toBase64({ alphabet: 'base64url', omitPadding: true })).toBe(
          Buffer.from(given).toString('base64url'),
        );
        expect(own.toHex()).toBe(Buffer.from(given).toString('hex'));
        expect(maker.fromBase64(own.toBase64(), { lastChunkHandling: 'strict' })).toEqual(own);
        expect(maker.fromHex(own.toHex().toUpperCase())).toEqual(own);
      }),
    );
  });

  it('refuses other kinds, and bytes that are gone', () => {
    const gone = bytes(1, 2);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    const short = new ArrayBuffer(8, { maxByteLength: 8 });
    const beyond = new Uint8Array(short, 4, 4) as Uint8Array<ArrayBuffer> & Methods;
    short.resize(2);
    const { toHex } = bytes();
    for (const self of [gone, beyond, new Uint16Array(1), new Uint8ClampedArray(1), {}, null, 'aa'])
      expect(outcome(() => toHex.call(self))).toBe('TypeError');
    const left = bytes(1, 2);
    const options = {
      get alphabet() {
        structuredClone(left.buffer, { transfer: [left.buffer] });
        return undefined;
      },
    };
    expect(outcome(() => left.setFromBase64('AQID', options))).toBe('TypeError');
  });

  it('stands where the language has it', () => {
    const { length, name } = bytes().setFromBase64;
    expect([length, name, bytes().toHex.length, maker.fromHex.length]).toEqual([1, 'setFromBase64', 0, 1]);
    expect(Object.keys(Uint8Array)).toEqual([]);
    expect(Object.keys(Uint8Array.prototype)).toEqual([]);
  });
});
