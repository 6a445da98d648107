import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonVisitor, JsonWalker } from './json-walk.ts';

interface Walked {
  readonly good: boolean;
  readonly seen: readonly string[];
}

function walk(bytes: Uint8Array, cuts: readonly number[] = []): Walked {
  const seen: string[] = [];
  const visitor: JsonVisitor = {
    open: (kind, key) => {
      seen.push(`${key}:${kind}`);
      return true;
    },
    close: () => void seen.push('close'),
    scalar: (key, value, { string }) => void seen.push(`${key}=${string ? JSON.stringify(value) : value}`),
  };
  const walker = new JsonWalker(visitor);
  let from = 0;
  let good = true;
  for (const cut of [...cuts.map((c) => c % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    good = good && walker.push(bytes.subarray(from, cut));
    from = cut;
  }
  return { good: good && walker.end(), seen };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

function parses(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/** Every value of a document, in the order of the text. */
function shown(value: unknown, key: string | null = null): string[] {
  if (Array.isArray(value)) return [`${key}:array`, ...value.flatMap((v) => shown(v)), 'close'];
  if (value !== null && typeof value === 'object')
    return [`${key}:object`, ...Object.entries(value).flatMap(([k, v]) => shown(v, k)), 'close'];
  return [`${key}=${JSON.stringify(value)}`];
}

describe('a JSON text walked in pieces', () => {
  it('is seen as JSON.parse sees it, however it is cut', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.array(fc.nat(), { maxLength: 5 }), (value, cuts) => {
        const text = JSON.stringify(value);
        expect(walk(bytesOf(text), cuts)).toEqual({ good: true, seen: shown(JSON.parse(text)) });
      }),
      { seed: 40, numRuns: Number(process.env['FUZZ_RUNS'] ?? 1500) },
    );
  });

  it('is refused exactly where JSON.parse refuses it', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '\\',
      '\\u00',
      '1',
      '-',
      '1e5',
      '01',
      'true',
      'nul',
      ' ',
      '\n',
      '\u0000',
      '\ufeff',
      'é',
      '/*',
      '"\\"',
      '\\/',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
        const bytes = bytesOf(pieces.join(''));
        expect(walk(bytes).good).toBe(parses(bytes));
      }),
      { seed: 41, numRuns: Number(process.env['FUZZ_RUNS'] ?? 20_000) },
    );
  });

  it('broken UTF-8 is refused', () => {
    expect(walk(Uint8Array.of(0x22, 0xff, 0x22)).good).toBe(false);
  });

  it('shows a key that is said twice both times', () => {
    expect(walk(bytesOf('{"a":1,"a":2}')).seen).toEqual(['null:object', 'a=1', 'a=2', 'close']);
  });

  it('keeps only the head of a long string, and no more than so many levels', () => {
    const long = walk(bytesOf(JSON.stringify({ a: `${'é'.repeat(9000)}\\"` })));
    expect(long.good).toBe(true);
    expect((long.seen[1] ?? '').length).toBeLessThan(9000);
    expect(walk(bytesOf(JSON.stringify({ a: 'He said "no" \\ é\n'.repeat(900), b: 1 }))).seen.slice(2)).toEqual([
      'b=1',
      'close',
    ]);
    expect(walk(bytesOf('['.repeat(5000))).good).toBe(false);
  });
});
