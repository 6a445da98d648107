import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ruleSet, SAMPLE_RULES } from '../../test/dlp/small-rules.ts';
import { scanLayers } from './scan-layers.ts';
import { type Found, StreamScanner } from './stream-scanner.ts';

const rules = ruleSet(SAMPLE_RULES);

function scanned(text: Buffer, cuts: readonly number[]): Found[] {
  const scanner = new StreamScanner(rules);
  const out: Found[] = [];
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    out.push(...scanner.push(text.subarray(at, Math.max(at, cut))));
    at = Math.max(at, cut);
  }
  return [...out, ...scanner.push(text.subarray(at)), ...scanner.end()];
}

const placed = (found: readonly Found[]) => found.map(({ start, end, from }) => [start, end, from.line, from.column]);

/** The places, told by the definition of line and column. */
function expected(text: Buffer): number[][] {
  return scanLayers(text, rules).map(({ start, end }) => {
    const lines = text.subarray(0, start).toString('utf8').split('\n');
    return [start, end, lines.length, [...(lines.at(-1) ?? '')].length + 1];
  });
}

describe('the stream scanner', () => {
  it('finds, however the text is cut, what a scan of the whole finds, and where', () => {
    const part = fc.constantFrom('key-abcdefgh', 'plain', 'é', '\n', '\r\n', ' ', '𝄞', 'key-', '\u0000');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.array(fc.nat(300), { maxLength: 8 }), (parts, cuts) => {
        const text = Buffer.from(parts.join(' '));
        expect(placed(scanned(text, cuts))).toEqual(expected(text));
      }),
    );
  });

  it('finds what lies across its windows once, in a text larger than they are', () => {
    const line = 'nothing to see here\n';
    const pieces: string[] = [];
    for (let size = 0; size < 10 * 1024 * 1024; size += 4096) pieces.push('x key-abcdefgh y', line.repeat(204), '\n');
    const text = Buffer.from(pieces.join(''));
    const found = scanned(text, [1, 262_140, 262_150, 4_259_840, 8_388_607]);
    expect(found.map(({ start }) => start)).toEqual(scanLayers(text, rules).map(({ start }) => start));
    expect(found.length).toBe(pieces.length / 3);
    expect(found.map(({ from }) => from.line)).toEqual(found.map((_, i) => 1 + i * 205));
  });

  it('T-35 looks into all that is written in escapes of several kinds, however much of it there is', () => {
    const line = JSON.stringify({ path: 'C:\\dir', query: 'a%20b%2C', html: '&lt;p&gt; é\u200b', text: 'one "two"\n' });
    const lines = Array.from({ length: 40_000 }, () => line);
    lines[30_000] = '{"text":"k\\u0065y-abcdefgh"}';
    const scanner = new StreamScanner(rules);
    const found = [...scanner.push(Buffer.from(lines.join('\n'))), ...scanner.end()];
    expect(found.map(({ from }) => [from.line, from.column])).toEqual([[30_001, 10]]);
    expect(scanner.isWhole).toBe(true);
  });

  it('says the column in a line of any length', () => {
    const text = Buffer.from(`é${'nothing here. '.repeat(350_000)} key-abcdefgh key-ijklmnop`);
    const ends = [text.length - 25, text.length - 12];
    expect(scanned(text, [5_000_000]).map(({ start, from, to }) => [start, from.column, to.column])).toEqual(
      ends.map((at) => [at, at, at + 12]),
    );
  });
});
