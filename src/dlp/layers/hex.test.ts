import { describe, expect, it } from 'vitest';
import { encodedRuns } from './base64.ts';
import { wrappedHexLayers } from './hex.ts';

describe('digits on lines', () => {
  const layersIn = (text: Buffer) => [...wrappedHexLayers(text, encodedRuns(text), () => true)];

  it('T-45 the text is read once, however many lines only begin like some', () => {
    const text = Buffer.from(`${'41'.repeat(20)}\nz`.repeat(2000));
    let read = 0;
    text.toString = (encoding, start = 0, end = text.length) => {
      read += end - start;
      return Buffer.prototype.toString.call(text, encoding, start, end);
    };
    expect(layersIn(text)).toEqual([]);
    expect(read).toBeLessThanOrEqual(2 * text.length);
  });

  it('a digit too many before the first line puts it out of step, and no other', () => {
    const lines = Buffer.from('a text that is written on lines of digits').toString('hex').replaceAll(/.{40}/g, '$&\n');
    const texts = layersIn(Buffer.from(`4${lines}`)).map(({ decoded }) => decoded.toString('latin1'));
    expect(texts).toContain('a text that is written on lines of digits');
  });
});
