import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryText } from './host-entry.ts';
import { detectFormat, type ImportFormat, readImport } from './import-list.ts';
import { categoryNamed } from './import-names.ts';
import { compileListOf, parseStoredHead, storedLine } from './stored-list.ts';
import { parseTaxonomy } from './taxonomy.ts';

const text = readFileSync(new URL('../../categories/taxonomy.yaml', import.meta.url), 'utf8');
const parsed = parseTaxonomy('taxonomy.yaml', text);
if (!parsed.ok) throw new Error('the taxonomy does not load');
const taxonomy = parsed.value;

function read(
  format: ImportFormat,
  list: string,
  over: { path?: string; category?: string | null; subdomains?: boolean } = {},
) {
  const entries: string[] = [];
  const target = {
    format,
    category: over.category === undefined ? 'malware' : over.category,
    subdomains: over.subdomains === true,
    categoryOf: (label: string) => categoryNamed(label, taxonomy, new Map()),
  };
  const path = over.path ?? 'list';
  const label = path.includes('/') ? (path.split('/')[0] ?? null) : null;
  const report = readImport({ path, text: list, label }, target, (entry, category, line) =>
    entries.push(`${line} ${entryText(entry)} ${category}`),
  );
  return { entries, reasons: Object.keys(report.reasons), report };
}

describe('plain lists', () => {
  it('take names with all under them, wildcards, exact names and addresses', () => {
    const list =
      '\ufeff# head\n\nevil.example.com\n.dot.example.com # why\r\n*.wild.example.com\n=one.example.com\n192.0.2.7\nCAPS.Example.COM.\nbücher.example\n';
    expect(read('plain', list).entries).toEqual([
      '3 evil.example.com malware',
      '4 dot.example.com malware',
      '5 *.wild.example.com malware',
      '6 =one.example.com malware',
      '7 192.0.2.7 malware',
      '8 caps.example.com malware',
      '9 xn--bcher-kva.example malware',
    ]);
  });

  it('carry neither public suffixes nor what is no host, and say where', () => {
    expect(read('plain', 'com\nco.uk\nhttp://x/\na b\nok.example\n').report).toMatchObject({
      entries: 1,
      notCarried: 4,
      reasons: { 'not a host, or a public suffix': { count: 4, first: 'list:1' } },
    });
  });
});

describe('hosts files', () => {
  const list =
    '127.0.0.1 localhost\n::1 ip6-localhost\n0.0.0.0 0.0.0.0\n0.0.0.0 a.example b.example # two\n:: c.example\nnonsense\n';
  it('take each name of a line, alone', () => {
    expect(read('hosts', list).entries).toEqual([
      '4 =a.example malware',
      '4 =b.example malware',
      '5 =c.example malware',
    ]);
    expect(read('hosts', list).reasons).toEqual(['not a line of a hosts file']);
  });
  it('take what is under it where that is asked for', () => {
    expect(read('hosts', list, { subdomains: true }).entries[0]).toBe('4 a.example malware');
  });
});

describe('AdGuard and EasyList rules', () => {
  it.each([
    ['||ads.example^', 'ads.example'],
    ['||ads.example', 'ads.example'],
    ['||ads.example^$third-party,important', 'ads.example'],
    ['||*.ads.example^', '*.ads.example'],
    ['|ads.example^', '=ads.example'],
    ['ads.example', '=ads.example'],
    ['@@||good.example^', '!good.example'],
    ['@@||good.example^$important', '!good.example'],
    ['0.0.0.0 ads.example', '=ads.example'],
  ])('%s is %s', (rule, entry) => {
    expect(read('adblock', `! Title\n[Adblock Plus 2.0]\n# comment\n${rule}\n`).entries).toEqual([
      `4 ${entry} malware`,
    ]);
  });
  it.each([
    ['||ads.example^$domain=news.example', 'holds under conditions only'],
    ['||ads.example^$badfilter', 'holds under conditions only'],
    ['||ads.example/banner.js', 'about paths, or parts of names'],
    ['news.example##.ad', 'hides elements of pages'],
    ['##.ad', 'hides elements of pages'],
    ['/ads[0-9]+/', 'a regular expression'],
    ['-banner-', 'about paths, or parts of names'],
    ['||ads.*^', 'about paths, or parts of names'],
  ])('%s is not carried: %s', (rule, why) => {
    expect(read('adblock', rule)).toMatchObject({ entries: [], reasons: [why] });
  });
});

describe('response policy zones', () => {
  it('take names that are kept away, and those that pass as exceptions', () => {
    const zone = [
      '$TTL 2h',
      '$ORIGIN rpz.example.net.',
      '@ IN SOA localhost. root.localhost. (',
      '  2026112301 ; serial',
      '  6h 1h 1w 2h )',
      '  IN NS localhost.',
      'evil.example CNAME .',
      '*.evil.example 300 IN CNAME .',
      'nodata.example IN 60 CNAME *.',
      'drop.example.rpz.example.net. CNAME rpz-drop.',
      'sink.example A 127.0.0.1',
      'good.example CNAME rpz-passthru.',
      '32.1.2.0.192.rpz-ip CNAME .',
      'ns.evil.example.rpz-nsdname CNAME .',
      'text.example TXT "x"',
    ].join('\n');
    const { entries, reasons } = read('rpz', zone);
    expect(entries).toEqual([
      '7 =evil.example malware',
      '8 *.evil.example malware',
      '9 =nodata.example malware',
      '10 =drop.example malware',
      '11 =sink.example malware',
      '12 !=good.example malware',
    ]);
    expect(reasons).toContain('a trigger other than the name asked for');
    expect(reasons).toContain('answers with data of its own');
  });
});

describe('UT1 directories', () => {
  it('name the category by the folder', () => {
    expect(read('ut1', 'a.example\n', { path: 'publicite/domains', category: null }).entries).toEqual([
      '1 a.example ads-and-trackers',
    ]);
    expect(read('ut1', 'a.example\nb.example/path\n', { path: 'adult/urls', category: null })).toMatchObject({
      entries: ['1 a.example adult'],
      reasons: ['names a path, not a host'],
    });
    expect(read('ut1', 'a.example\n', { path: 'astrology/domains', category: null }).reasons).toEqual([
      'no category of ours',
    ]);
  });
});

describe('CSV', () => {
  it('finds its columns by their headings, in quotes or not', () => {
    const list =
      'id,"Domain",Category\r\n1,a.example,phishing\r\n2,"b.example","malware;phishing"\r\n3,c.example,astrology\n';
    expect(read('csv', list, { category: null }).entries).toEqual([
      '2 a.example phishing',
      '3 b.example malware',
      '3 b.example phishing',
    ]);
  });
  it('without headings has the host first and the category second', () => {
    expect(read('csv', 'a.example,gambling\nhttps://b.example/,ads\n', { category: null }).entries).toEqual([
      '1 a.example gambling',
      '2 b.example ads-and-trackers',
    ]);
  });
});

describe('JSON', () => {
  it.each([
    ['an array of names', '["a.example"]', ['1 a.example malware']],
    ['rows', '[{"host":"a.example","category":"x"}]', ['1 a.example malware']],
    ['an array under a key', '{"domains":["a.example"]}', ['1 a.example malware']],
    ['names for keys', '{"a.example":"ads"}', ['1 a.example malware']],
    ['JSON Lines', '{"domain":"a.example"}\n{"domain":"b.example"}\n', ['1 a.example malware', '2 b.example malware']],
  ])('%s', (_, list, entries) => {
    expect(read('json', list).entries).toEqual(entries);
  });
  it('names categories by row or by key', () => {
    const rows = '[{"domain":"a.example","categories":["phishing","ads"]},{"domain":"b.example","type":"porn"}]';
    expect(read('json', rows, { category: null }).entries).toEqual([
      '1 a.example phishing',
      '1 a.example ads-and-trackers',
      '2 b.example adult',
    ]);
    expect(read('json', '{"gambling":["a.example"],"phishing":["b.example"]}', { category: null }).entries).toEqual([
      '1 a.example gambling',
      '1 b.example phishing',
    ]);
  });
});

describe('v2fly lists', () => {
  it('take domains and full names', () => {
    const list = 'a.example @ads # x\nfull:b.example\ndomain:c.example\nregexp:^x\nkeyword:y\ninclude:z\n';
    expect(read('v2fly', list)).toMatchObject({
      entries: ['1 a.example malware', '2 =b.example malware', '3 c.example malware'],
      reasons: ['parts of names', 'includes another list'],
    });
  });
});

describe('what a list looks like', () => {
  it.each([
    ['hosts', '# x\n0.0.0.0 a.example\n0.0.0.0 b.example\n'],
    ['adblock', '! x\n||a.example^\n'],
    ['rpz', '$TTL 1\n@ SOA a. b. 1 2 3 4 5\na.example CNAME .\n'],
    ['csv', 'domain,category\na.example,ads\n'],
    ['json', ' {"a.example":"ads"}'],
    ['json', '["a.example"]'],
    ['plain', '# x\na.example\n*.b.example\n'],
    ['v2fly', 'full:a.example\nb.example\n'],
  ])('%s', (format, list) => {
    expect(detectFormat(list)).toBe(format);
  });
});

describe('properties', () => {
  const formats = fc.constantFrom<ImportFormat>('plain', 'hosts', 'adblock', 'rpz', 'ut1', 'csv', 'json', 'v2fly');
  it('T-84 no list whatever throws, and each line is taken or counted', () => {
    const words = fc.constantFrom(
      '||',
      '^',
      'a.example',
      ' ',
      '\n',
      '"',
      ',',
      '{',
      '}',
      '$',
      '0.0.0.0',
      '@',
      'CNAME',
      '.',
      '/',
      '#',
      '(',
      ')',
    );
    const any = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words, { maxLength: 40 }).map((w) => w.join('')),
    );
    fc.assert(
      fc.property(formats, any, (format, list) => {
        const { entries, report } = read(format, list);
        expect(report.entries).toBe(entries.length);
      }),
    );
  });

  it.each<[string, ImportFormat, string, string]>([
    ['dots', 'csv', `domain\n${'.'.repeat(50_000)} x\ngood.example\n`, '3 good.example malware'],
    ['dots', 'json', JSON.stringify([`${'.'.repeat(50_000)} x`, 'good.example']), '2 good.example malware'],
    ['a quote without an end', 'csv', `domain\ngood.example\n"${'a'.repeat(20_000_000)}`, '2 good.example malware'],
    [
      'tables in tables',
      'json',
      `{"good.example":"c2","a":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_001)}`,
      '1 good.example malware',
    ],
    ['colons', 'hosts', `${':'.repeat(200_000)}x evil.example\n0.0.0.0 good.example\n`, '2 =good.example malware'],
  ])('%s in a list as %s cost what others cost, and the rest is read', (_, format, list, entry) => {
    expect(read(format, list).entries).toEqual([entry]);
  });

  it('what is kept reads back as it was', () => {
    const kept = { reach: 0, except: false } as const;
    const rows = [
      { name: 'a.example', ...kept },
      { name: 'b.example', reach: 1, except: true },
      { name: 'c.example', reach: 2, except: false },
      { name: '192.0.2.1', reach: 1, except: false },
      { name: '2001:db8::1', reach: 1, except: false },
    ] as const;
    const head = {
      kept: 1,
      name: 'x',
      format: 'plain',
      file: 'f',
      source: null,
      licence: null,
      version: '1',
      date: '2026-11-23T00:00:00Z',
      digest: 'd',
      entries: rows.length,
      not_carried: 0,
      categories: ['malware'],
    } as const;
    const lines = rows.map((row, i) => storedLine(row, 'malware', i + 1)).join('');
    const list = `${JSON.stringify(head)}\n${lines}`;
    const stored = parseStoredHead(list);
    expect(stored.ok && [...compileListOf(stored.value, list).entries]).toEqual(
      rows.map((row, i) => ({ ...row, category: 'malware', line: i + 1 })),
    );
  });
});
