import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base32Layers } from './base32.ts';
import { encodedRuns, wrappedBase64Layers } from './base64.ts';

const SIGNS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** As RFC 4648 says it, a bit after the other. */
function base32(text: string | Uint8Array): string {
  const bits = [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  const out = groups.map((group) => SIGNS[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
  return out.padEnd(Math.ceil(out.length / 8) * 8, '=');
}

function unbase32(text: string): string {
  const bits = [...text.toUpperCase().replaceAll('=', '')].map((sign) =>
    SIGNS.indexOf(sign).toString(2).padStart(5, '0'),
  );
  const bytes = bits.join('').match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2))).toString();
}

const layersIn = (text: string) => {
  const bytes = Buffer.from(text);
  return [...base32Layers(bytes, encodedRuns(bytes), () => true)];
};

describe('base32 layers', () => {
  it('read what RFC 4648 writes', () => {
    expect(base32('foobar')).toBe('MZXW6YTBOI======');
    expect(layersIn(`x ${base32('foobar'.repeat(4))} y`)[0]?.decoded.toString()).toBe('foobar'.repeat(4));
  });

  it('are decoded where they stand, in capitals and in small letters, padded or not', () => {
    for (const write of [
      (of: string) => of,
      (of: string) => of.toLowerCase(),
      (of: string) => of.replaceAll('=', ''),
    ]) {
      const text = `token = "${write(base32('a secret text, in base32'))}";`;
      expect(layersIn(text).map(({ decoded }) => decoded.toString())).toEqual(['a secret text, in base32']);
    }
  });

  it('are found beside other letters and signs', () => {
    const text = `https://drop.example/x/${base32('a secret text, in base32')}`;
    expect(layersIn(text).map(({ decoded }) => decoded.toString())).toEqual(['a secret text, in base32']);
  });

  it('are found in runs that begin in the midst of a group', () => {
    const run = base32('some words in front of a secret text').slice(3);
    expect(layersIn(run).some(({ decoded }) => decoded.toString().includes('a secret text'))).toBe(true);
  });

  it('are no words, no keys and no mixed text', () => {
    for (const text of [
      'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
      'THEQUICKBROWNFOXJUMPSOVERTHELAZYDOG',
      'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      'abcdefghijklmnopqrstuvwxyzabcdefgh',
      'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY',
    ])
      expect(layersIn(`key ${text} end`)).toEqual([]);
  });

  it('write what takes the place of a stretch so that all else stays, padding as well', () => {
    const words = fc.string({ unit: fc.constantFrom(...'abcdefgh ,.'), minLength: 6, maxLength: 30 });
    fc.assert(
      fc.property(words, words, words, fc.boolean(), (before, secret, after, isSmall) => {
        const all = `a text ${before}${secret}${after}`;
        const text = isSmall ? base32(all).toLowerCase() : base32(all);
        const [layer] = layersIn(text);
        if (layer === undefined) throw new Error(`nothing in ${text}`);
        const start = Buffer.byteLength(`a text ${before}`);
        const end = start + secret.length;
        const [from, to] = layer.outer(start, end);
        const out = `${text.slice(0, from)}${layer.encode(start, end, Buffer.from('[GONE]'))}${text.slice(to)}`;
        expect(out.length % 8).toBe(0);
        expect(unbase32(out).replace(/\*+/, '')).toBe(`a text ${before}[GONE]${after}`);
        expect(/[a-z]/.test(out)).toBe(isSmall);
      }),
      { numRuns: 300 },
    );
  });

  it('are found on lines, as its tools write them', () => {
    const text = base32('words that go on for longer than a line of seventy-six signs, and a secret in them');
    const bytes = Buffer.from(text.replaceAll(/.{76}/g, '$&\n'));
    const layers = [...wrappedBase64Layers(bytes, encodedRuns(bytes), () => true)];
    expect(layers.map(({ encoding, decoded }) => [encoding, decoded.toString().slice(-16)])).toEqual([
      ['base32', 'a secret in them'],
    ]);
  });
});
