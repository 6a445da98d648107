import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHost } from '../core/host.ts';
import { CategoryIndex } from './category-index.ts';
import { type CompileList, compileIndex } from './compile-index.ts';
import { entryText, type ListEntry, parseHostEntry, REACH } from './host-entry.ts';
import type { ListMeta } from './index-format.ts';
import { isPublicSuffix, suffixLength } from './public-suffix.ts';
import { parseTaxonomy, type Taxonomy } from './taxonomy.ts';

const taxonomy = makeTaxonomy(['alpha', 'beta', 'gamma'], ['clouds']);

describe('what an entry covers', () => {
  it.each([
    // entries of list `alpha`, host, expected
    [['example.com'], 'example.com', ['alpha']],
    [['example.com'], 'a.b.example.com', ['alpha']],
    [['example.com'], 'notexample.com', ['uncategorised']],
    [['example.com'], 'example.com.evil.net', ['uncategorised']],
    [['=example.com'], 'example.com', ['alpha']],
    [['=example.com'], 'www.example.com', ['uncategorised']],
    [['*.example.com'], 'example.com', ['uncategorised']],
    [['*.example.com'], 'www.example.com', ['alpha']],
    [['*.example.com'], 'a.b.example.com', ['alpha']],
    [['example.com', '!safe.example.com'], 'safe.example.com', ['uncategorised']],
    [['example.com', '!safe.example.com'], 'x.safe.example.com', ['uncategorised']],
    [['example.com', '!safe.example.com'], 'other.example.com', ['alpha']],
    [['example.com', '!=safe.example.com'], 'x.safe.example.com', ['alpha']],
    [['example.com', '!*.safe.example.com'], 'safe.example.com', ['alpha']],
    [['example.com', '!safe.example.com', 'x.safe.example.com'], 'x.safe.example.com', ['alpha']],
    [['example.com', '!example.com'], 'example.com', ['uncategorised']],
    [['*.zip'], 'evil.zip', ['alpha']],
    [['192.0.2.7'], '192.0.2.7', ['alpha', 'ip-literal']],
    [['2001:db8::1'], '[2001:DB8:0::1]', ['alpha', 'ip-literal']],
    [['192.0.2.7'], '[::ffff:192.0.2.7]', ['alpha', 'ip-literal']],
    [['::ffff:192.0.2.7'], '0300.0.519', ['alpha', 'ip-literal']],
    [['192.0.2.7'], '192.0.2.8', ['ip-literal']],
    [['0.0.0.1'], '[::1]', ['ip-literal']],
    [['bücher.example.com'], 'xn--bcher-kva.example.com', ['alpha']],
    [['xn--bcher-kva.example.com'], 'BÜCHER.example.com.', ['alpha']],
  ])('%j says of %s: %j', (entries, host, expected) => {
    expect(lookup(indexOf({ alpha: entries }), host)).toEqual(expected);
  });

  it('an exception silences only its own list', () => {
    const index = open([
      list('one', 'alpha', ['example.com', '!x.example.com']),
      list('two', 'alpha', ['example.com']),
    ]);
    expect(lookup(index, 'x.example.com')).toEqual(['alpha']);
  });

  it('collects all categories of the host and of its parents, sorted', () => {
    const index = indexOf({ beta: ['a.example.com'], alpha: ['example.com'], gamma: ['b.a.example.com'] });
    expect(lookup(index, 'b.a.example.com')).toEqual(['alpha', 'beta', 'gamma']);
    expect(lookup(index, 'a.example.com')).toEqual(['alpha', 'beta']);
  });
});

describe('T-38 nothing crosses a public suffix', () => {
  it.each([
    ['alpha', ['amazonaws.com'], 'bucket.s3.amazonaws.com', ['uncategorised']],
    ['alpha', ['*.amazonaws.com'], 'bucket.s3.amazonaws.com', ['uncategorised']],
    ['alpha', ['amazonaws.com'], 'sts.amazonaws.com', ['alpha']],
    ['alpha', ['s3.amazonaws.com'], 's3.amazonaws.com', ['alpha']],
    ['alpha', ['s3.amazonaws.com'], 'bucket.s3.amazonaws.com', ['uncategorised']],
    ['alpha', ['*.s3.amazonaws.com'], 'bucket.s3.amazonaws.com', ['alpha']],
    ['alpha', ['github.io'], 'github.io', ['alpha']],
    ['alpha', ['github.io'], 'anyone.github.io', ['uncategorised']],
    ['alpha', ['anyone.github.io'], 'x.anyone.github.io', ['alpha']],
    ['clouds', ['github.io'], 'anyone.github.io', ['clouds']],
    ['clouds', ['github.io'], 'x.anyone.github.io', ['clouds']],
    ['clouds', ['amazonaws.com'], 'bucket.s3.amazonaws.com', ['uncategorised']],
  ])('in %s %j says of %s: %j', (category, entries, host, expected) => {
    expect(lookup(indexOf({ [category]: entries }), host)).toEqual(expected);
  });

  it.each(['com', 'co.uk', 'localhost'])('refuses `%s` as an entry and says how to mean it', (name) => {
    const parsed = parseHostEntry(name);
    expect(parsed.ok ? null : parsed.error).toContain(`write \`*.${name}\``);
  });
});

describe('derived categories', () => {
  it.each([
    ['127.0.0.1', ['ip-literal']],
    ['[::1]', ['ip-literal']],
    ['169.254.169.254', ['cloud-metadata', 'ip-literal']],
    ['[fd00:ec2::254]', ['cloud-metadata', 'ip-literal']],
    ['[::ffff:169.254.169.254]', ['cloud-metadata', 'ip-literal']],
    ['0xa9fea9fe', ['cloud-metadata', 'ip-literal']],
    ['metadata.google.internal', ['cloud-metadata', 'special-use']],
    ['METADATA.GOOGLE.INTERNAL.', ['cloud-metadata', 'special-use']],
    ['metadata', ['cloud-metadata', 'single-label']],
    ['intranet-host', ['single-label']],
    ['localhost', ['single-label', 'special-use']],
    ['printer.local', ['special-use']],
    ['duskgytldkxiuqc6.onion', ['special-use']],
    ['svc.test', ['special-use']],
    ['example.com', ['uncategorised']],
    ['example.test.com', ['uncategorised']],
  ])('T-19 %s is %j with no list at all', (host, expected) => {
    expect(lookup(open([]), host)).toEqual(expected);
  });
});

describe('the binary index', () => {
  const lists = [
    list('one', 'alpha', ['example.com', '!x.example.com']),
    list('two', 'beta', ['*.example.com', '=b.net']),
  ];

  it('is refused when any byte was changed', () => {
    const { bytes } = compiled(lists);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const copy = Uint8Array.from(bytes);
        copy[at] = (copy[at] as number) ^ flip;
        const opened = CategoryIndex.open(copy);
        expect(opened.ok ? 'opened' : opened.error).toMatch(/corrupt|wrong magic|has format/);
      }),
    );
  });

  it('is refused when cut short, and when empty', () => {
    const { bytes } = compiled(lists);
    for (const length of [0, 1, 31, 63, 64, bytes.length - 1]) {
      const opened = CategoryIndex.open(bytes.slice(0, length));
      expect(opened.ok ? 'opened' : opened.error).toMatch(/not a category index|corrupt/);
    }
  });

  it('says its digest as any SHA-256 would, and the same for lists in any order', () => {
    const { bytes, digest } = compiled(lists);
    expect(createHash('sha256').update(bytes.slice(0, -32)).digest('hex')).toBe(digest);
    expect(compiled(lists.toReversed()).digest).toBe(digest);
  });

  it('opens from memory that is shared, with the digest that compile said', () => {
    const { bytes, digest } = compiled(lists);
    expect(bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    const opened = CategoryIndex.open(new Uint8Array(bytes.buffer), { verified: true });
    expect(opened.ok && opened.value.digest).toBe(digest);
  });

  it('refuses lists of a category that the taxonomy does not have, or that is derived', () => {
    const bad = compileIndex(taxonomy, [list('one', 'nope', ['a.com']), list('two', 'ip-literal', ['b.com'])]);
    expect(bad.ok ? [] : bad.error.map((p) => `${p.file}:${p.line} ${p.message}`)).toEqual([
      'one.txt:1 category `nope` is not in taxonomy.yaml; add it there or rename it',
      'two.txt:1 category `ip-literal` is derived, so no list may name it',
    ]);
  });
});

describe('explain', () => {
  it('names list, line and entry for each category, and the exception that kept one away', () => {
    const index = open([
      list('one', 'alpha', ['other.net', 'example.com']),
      list('two', 'alpha', ['example.com', '!a.example.com']),
      list('three', 'beta', ['*.example.com']),
    ]);
    const said = index.explain(hostOf('a.example.com'));
    expect(said.categories).toEqual(['alpha', 'beta']);
    expect(said.reasons.map((r) => [r.category, r.by, r.entry, r.list?.name, r.line])).toEqual([
      ['alpha', 'entry', 'example.com', 'one', 2],
      ['alpha', 'exception', '!a.example.com', 'two', 2],
      ['beta', 'entry', '*.example.com', 'three', 1],
    ]);
  });

  it('says why a host is uncategorised', () => {
    const said = open([]).explain(hostOf('example.com'));
    expect(said.reasons.map((r) => [r.category, r.by])).toEqual([['uncategorised', 'derived']]);
  });
});

describe('properties', () => {
  // Few labels, so that parents, exceptions and suffixes meet often; some of them public suffixes.
  const label = fc.constantFrom('a', 'b', 'www', 'example', 's3');
  const tail = fc.constantFrom('com', 'co.uk', 'github.io', 's3.amazonaws.com', 'amazonaws.com', 'example.org');
  const name = fc
    .tuple(fc.array(label, { maxLength: 4 }), tail)
    .map(([labels, end]) => [...labels, end].join('.'))
    .filter((host) => host.includes('.'));
  const entry = fc
    .tuple(fc.boolean(), fc.constantFrom('', '=', '*.'), name)
    .map(([except, prefix, host]) => `${except ? '!' : ''}${prefix}${host}`)
    .filter((text) => parseHostEntry(text).ok);
  const input = fc.array(
    fc.record({
      category: fc.constantFrom('alpha', 'beta', 'gamma', 'clouds'),
      entries: fc.array(entry, { maxLength: 12 }),
    }),
    { maxLength: 5 },
  );

  it('a lookup equals the naive reading of the lists', () => {
    fc.assert(
      fc.property(input, fc.array(name, { minLength: 1, maxLength: 20 }), (rows, hosts) => {
        const lists = rows.map((row, i) => list(`l${i}`, row.category, row.entries));
        const index = open(lists);
        for (const host of hosts) expect([host, lookup(index, host)]).toEqual([host, naive(lists, host)]);
      }),
      { numRuns: 400 },
    );
  });

  it('the index does not depend on the order of lists', () => {
    fc.assert(
      fc.property(input, (rows) => {
        const lists = rows.map((row, i) => list(`l${i}`, row.category, row.entries));
        expect(compiled(lists.toReversed()).digest).toBe(compiled(lists).digest);
      }),
      { numRuns: 50 },
    );
  });

  it('an entry survives being written and read again', () => {
    fc.assert(
      fc.property(entry, (text) => {
        const parsed = parseHostEntry(text);
        expect(parsed.ok && entryText(parsed.value)).toBe(text);
      }),
    );
  });
});

/** The semantics as docs/categories.md states them, without any index. */
function naive(lists: readonly CompileList[], host: string): readonly string[] {
  const found = new Set<string>();
  for (const { entries } of lists) {
    const speaking = [...entries].filter((e) => speaks(e, host));
    const longest = Math.max(0, ...speaking.map((e) => e.name.length));
    const deciding = speaking.filter((e) => e.name.length === longest);
    const [first] = deciding;
    if (first && !deciding.some((e) => e.except)) found.add(first.category);
  }
  return found.size > 0 ? [...found].sort() : ['uncategorised'];
}

function speaks(entry: ListEntry, host: string): boolean {
  if (entry.name === host) return entry.reach !== REACH.under;
  if (entry.reach === REACH.exact || !host.endsWith(`.${entry.name}`)) return false;
  const platform = entry.category === 'clouds' && isPublicSuffix(entry.name);
  const ownerOnly = entry.reach === REACH.cover && !platform;
  return ownerOnly ? entry.name.length > suffixLength(host) : entry.name.length >= suffixLength(host);
}

function indexOf(lists: Readonly<Record<string, readonly string[]>>): CategoryIndex {
  return open(Object.entries(lists).map(([category, entries]) => list(category, category, entries)));
}

function open(lists: readonly CompileList[]): CategoryIndex {
  const opened = CategoryIndex.open(compiled(lists).bytes);
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

function compiled(lists: readonly CompileList[]) {
  const bytes = compileIndex(taxonomy, lists);
  if (!bytes.ok) throw new Error(JSON.stringify(bytes.error));
  return bytes.value;
}

function list(name: string, category: string, texts: readonly string[]): CompileList {
  const entries = texts.map((text, i) => {
    const parsed = parseHostEntry(text);
    if (!parsed.ok) throw new Error(parsed.error);
    return { ...parsed.value, category, line: i + 1 };
  });
  const meta: ListMeta = {
    name,
    origin: 'curated',
    file: `${name}.txt`,
    format: 'plain',
    source: null,
    licence: null,
    version: '1',
    date: null,
    digest: '',
    entries: entries.length,
    notCarried: 0,
  };
  return { meta, entries };
}

function lookup(index: CategoryIndex, host: string): readonly string[] {
  return index.lookup(hostOf(host));
}

function hostOf(text: string) {
  const host = parseHost(text);
  if (!host.ok) throw new Error(`${text}: ${host.error}`);
  return host.value;
}

function makeTaxonomy(site: readonly string[], platform: readonly string[]): Taxonomy {
  const row = (id: string, extra: string) =>
    `  - { id: ${id}, name: ${id}, description: test, risk: low, tier: 4, default_blocked: false, examples: []${extra} }`;
  const text = [
    'version: 1',
    'categories:',
    row('cloud-metadata', ''),
    ...site.map((id) => row(id, '')),
    ...platform.map((id) => row(id, ', scope: platform')),
    ...['ip-literal', 'single-label', 'special-use', 'uncategorised'].map((id) => row(id, ', derived: true')),
  ].join('\n');
  const parsed = parseTaxonomy('taxonomy.yaml', text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}
