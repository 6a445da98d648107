import { describe, expect, it } from 'vitest';
import { isInMark } from './transform.ts';

describe('isInMark', () => {
  const inMark = (name: string) => {
    const text = `a [TOKEN:${name}:0123456789abcdef] b`;
    return isInMark(Buffer.from(text), text.indexOf(name), text.indexOf(name) + name.length);
  };

  it.each(['API_KEY', 'ONDERWIJSNUMMER', 'NL_ONDERWIJSNUMMER', 'IDENTIFICATION_NUMBER_2'])(
    'knows the name %s',
    (name) => {
      expect(inMark(name)).toBe(true);
    },
  );

  it.each(['AKIAQWERTYUIOPASDFGH', 'KEY_AKIAQWERTYUIOPASDFGH'])('T-35 a key in capitals is no name: %s', (key) => {
    expect(inMark(key)).toBe(false);
  });
});
