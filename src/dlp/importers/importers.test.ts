import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRules } from '../rule-set.ts';
import { scan } from '../scan.ts';
import { readGitleaks } from './gitleaks.ts';
import { readGoogle } from './google.ts';
import { type Draft, finishImport } from './imported-rules.ts';
import { plain, readNoseyParker } from './nosey-parker.ts';
import { readPresidio } from './presidio.ts';
import { sampleOf } from './sample.ts';

/** What is printed loads as a rule file of ours, and finds what it should. */
function imported(draft: Draft) {
  const made = finishImport(draft);
  const loaded = compileRules([{ path: 'imported.yaml', text: made.yaml }], (t) =>
    createHash('sha256').update(t).digest('hex'),
  );
  if (!loaded.ok) throw new Error(loaded.error[0]?.message);
  const finds = (text: string) =>
    scan(Buffer.from(text), loaded.value).map(({ rule, start, end }) => [rule.spec.id, text.slice(start, end)]);
  return { made, finds };
}

const lost = (draft: Draft) => finishImport(draft).notCarried.map(({ rule, what }) => `${rule ?? '*'}: ${what}`);

describe('gitleaks', () => {
  const TOML = `
[allowlist]
paths = ["vendor/"]
regexes = ['''^mt_exampleexampleexampl$''']
[[rules]]
id = "mine"
description = "My token"
regex = '''\\b(mt_[a-z0-9]{20})\\b'''
entropy = 2.5
keywords = ["mt_"]
[[rules]]
id = "by-path"
path = '''\\.pem$'''
[[rules]]
id = "ahead"
regex = '''(?=abc)x'''
`;

  it('carries rules, with the exceptions that look at the secret', () => {
    const { made, finds } = imported(readGitleaks(TOML));
    expect(made.rules).toEqual(['mine']);
    expect(finds('a mt_wn9u2oayv1ep1qzn00fk b')).toEqual([['mine', 'mt_wn9u2oayv1ep1qzn00fk']]);
    expect(finds('a mt_exampleexampleexampl b')).toEqual([]);
  });

  it('says what it could not carry, rule by rule', () => {
    expect(lost(readGitleaks(TOML))).toEqual([
      '*: `paths` of an allowlist: texts here have no path',
      'by-path: the rule: it looks at paths only',
      expect.stringMatching(/^ahead: the rule: .*RE2/),
    ]);
  });
});

describe('Presidio', () => {
  const YAML = `
recognizers:
  - name: Employee Number
    supported_entity: EMPLOYEE_NUMBER
    supported_languages: [en]
    patterns:
      - { name: strong, regex: '\\bE-[0-9]{6}\\b', score: 0.9 }
      - { name: ahead, regex: '(?!0)[0-9]{6}', score: 0.1 }
    context: [employee]
  - name: Titles
    supported_entity: TITLE
    deny_list: [Mr., 'Mrs.']
  - { name: CreditCardRecognizer, type: predefined }
`;

  it('carries patterns and deny lists', () => {
    const { made, finds } = imported(readPresidio(YAML));
    expect(made.rules).toEqual(['employee-number-strong', 'titles-deny-list']);
    expect(finds('employee E-123456 is Mrs. Smith')).toEqual([
      ['employee-number-strong', 'E-123456'],
      ['titles-deny-list', 'Mrs.'],
    ]);
  });

  it('says what is code of Presidio, and what RE2 cannot say', () => {
    expect(lost(readPresidio(YAML)).join('\n')).toMatch(
      /credit-card-recognizer: the recogniser[\s\S]*employee-number-ahead: the rule/,
    );
  });
});

describe('Nosey Parker', () => {
  const YAML = `
rules:
  - name: Acme Key
    id: np.acme.1
    pattern: |
      (?x)(?i)
      acme [_-]? key      # its name
      \\s* = \\s*
      ( ak_ [a-z0-9]{16} )
    examples: ['acme_key = ak_0123456789abcdef']
    negative_examples: ['acme_key = ak_short']
    validation: { type: Http }
`;

  it('carries the pattern without its blanks, and its own samples', () => {
    const { made, finds } = imported(readNoseyParker(YAML));
    expect(made.yaml).toContain('acme_key = ak_short');
    expect(finds('ACME-KEY=ak_0123456789abcdef')).toEqual([['acme-key', 'ak_0123456789abcdef']]);
    expect(made.notCarried).toEqual([{ rule: 'acme-key', line: 3, what: '`validation`' }]);
  });

  it.each([
    ['(?x) [ #a] \\# \\  b # gone\n c', '[ #a]\\#\\ bc'],
    ['(?i)(?x) a (?# of no meaning ) b', '(?i)ab'],
    ['a(?# likewise ) [(?#]', 'a [(?#]'],
  ])('leaves classes and escapes alone, and takes comments away: %s', (pattern, bare) => {
    expect(plain(pattern)).toBe(bare);
  });

  it('carries rules of one name, and words that excuse; what its source does not tell is no rule', () => {
    const draft = readNoseyParker(`
rules:
  - { name: Some Key, id: k.some.1, pattern: '\\b(sk_[a-z0-9]{8})\\b', examples: [sk_too_old] }
  - name: Some Key
    id: k.some.2
    pattern: '\\b(sl_[a-z0-9]{8})\\b'
    pattern_requirements: { min_digits: 2, ignore_if_contains: [TEST] }
  - { name: Host, id: k.some.3, pattern: '\\b[a-z]+\\.example\\b', visible: false }
`);
    const { made, finds } = imported(draft);
    expect(made.rules).toEqual(['some-key', 'k-some-2']);
    expect(finds('sk_0123abcd sl_0123abcd sl_0123test')).toEqual([
      ['some-key', 'sk_0123abcd'],
      ['k-some-2', 'sl_0123abcd'],
    ]);
    expect(lost(draft)).toEqual([
      'k-some-2: `pattern_requirements.min_digits`',
      expect.stringMatching(/^host: the rule: `visible: false`/),
      expect.stringMatching(/^some-key: 1 of its samples/),
    ]);
  });
});

describe('Google InspectConfig', () => {
  it('carries custom info types, and says which of Google’s are ours already', () => {
    const draft = readGoogle(
      JSON.stringify({
        inspectConfig: {
          infoTypes: [{ name: 'EMAIL_ADDRESS' }, { name: 'PERSON_NAME' }],
          minLikelihood: 'LIKELY',
          customInfoTypes: [
            { infoType: { name: 'ORDER_ID' }, regex: { pattern: 'ORD-[0-9]{8}' }, likelihood: 'VERY_LIKELY' },
            { infoType: { name: 'PROJECT' }, dictionary: { wordList: { words: ['Blue Heron', 'Red Kite'] } } },
          ],
        },
      }),
      new Set(['EMAIL_ADDRESS']),
    );
    const { finds } = imported(draft);
    expect(finds('ORD-12345678 for blue heron')).toEqual([
      ['order-id', 'ORD-12345678'],
      ['project', 'blue heron'],
    ]);
    expect(lost(draft)).toEqual([
      '*: `EMAIL_ADDRESS`: a shipped rule has this info type already',
      '*: `PERSON_NAME`: a detector of Google’s; no shipped rule has this info type',
      '*: `minLikelihood`: set it in the guard settings of a profile',
    ]);
  });

  it('excludes no more than the rule set says, and says what else it says', () => {
    const type = (name: string) => ({ name });
    const draft = readGoogle(
      JSON.stringify({
        customInfoTypes: [
          { infoType: type('FULL'), regex: { pattern: 'F[a-z]{4}' } },
          { infoType: type('PART'), regex: { pattern: 'P[a-z-]{6}' } },
          { infoType: type('INVERSE'), regex: { pattern: 'I[a-z]{4}' } },
          { infoType: type('TWO'), regex: { pattern: 'id=([0-9]{4}) pin=([0-9]{6})', groupIndexes: [1, 2] } },
          {
            infoType: type('MANY'),
            dictionary: { wordList: { words: Array.from({ length: 900 }, (_, i) => `w${i}w`) } },
          },
          { infoType: type('HELPER'), regex: { pattern: 'H' }, exclusionType: 'EXCLUSION_TYPE_EXCLUDE' },
          { infoType: type('SURROGATE'), surrogateType: {} },
        ],
        ruleSet: [
          {
            infoTypes: [type('FULL'), type('EMAIL_ADDRESS')],
            rules: [{ exclusionRule: { regex: { pattern: 'Fab' }, matchingType: 'MATCHING_TYPE_FULL_MATCH' } }],
          },
          {
            infoTypes: [type('PART')],
            rules: [
              {
                exclusionRule: {
                  dictionary: { wordList: { words: ['AB'] } },
                  matchingType: 'MATCHING_TYPE_PARTIAL_MATCH',
                },
              },
              { hotwordRule: {} },
            ],
          },
          {
            infoTypes: [type('INVERSE')],
            rules: [
              { exclusionRule: { regex: { pattern: 'Iab' }, matchingType: 'MATCHING_TYPE_INVERSE_MATCH' } },
              { exclusionRule: { excludeInfoTypes: {}, matchingType: 'MATCHING_TYPE_FULL_MATCH' } },
            ],
          },
        ],
        limits: {},
        minLikelihoodPerInfoType: [{ minLikelihood: 'LIKELY' }],
      }),
      new Set(),
    );
    const { finds } = imported(draft);
    expect(finds('Fabcd Pzz-abz Pzz-ab- Iabcd id=1234 pin=567890 w899w').map(([, found]) => found)).toEqual([
      ...['Fabcd', 'Pzz-abz', 'Iabcd', '1234', '567890', 'w899w'],
    ]);
    expect(new Set(draft.rules.map(({ likelihood }) => likelihood))).toEqual(new Set(['VERY_LIKELY']));
    expect(lost(draft)).toEqual([
      ...['*: `limits`', '*: `minLikelihoodPerInfoType`'],
      '*: `exclusionRule` for `EMAIL_ADDRESS`: write it under `allow` of the rule that finds these',
      'part: `hotwordRule`: write it as `context`',
      'inverse: `exclusionRule`: `MATCHING_TYPE_INVERSE_MATCH`; only full and partial matches can be',
      'inverse: `exclusionRule`: it has neither a regex nor a word list',
      expect.stringMatching(/^helper: the info type: `exclusionType`/),
      expect.stringMatching(/^surrogate: the info type: it is a stored one/),
    ]);
  });
});

describe('samples', () => {
  it.each([
    '\\b(ghp_[0-9A-Za-z]{36})\\b',
    '(?i)key["\']?\\s{0,3}=\\s{0,3}([a-f0-9]{32})(?:[^a-f0-9]|$)',
    'a(?:b|cd){3,5}e?',
  ])('%s has one', (regex) => {
    expect(sampleOf(regex, 0, 1)).toMatch(new RegExp(regex.replace('(?i)', ''), 'i'));
  });
});

it('says every key that was not read, and gives allowlists to the rules that they are for', () => {
  const draft = readGitleaks(`
[[allowlists]]
targetRules = ["b-key"]
regexes = ['''nine''']
[[rules]]
id = "a-key"
regex = '''(akey_[a-z]{4})'''
skipReport = true
[[rules]]
id = "b-key"
regex = '''(bkey_[a-z]{4})'''
`);
  expect(lost(draft)).toEqual(['a-key: `skipReport`']);
  expect(draft.rules.map(({ allow }) => allow?.regexes)).toEqual([[], ['nine']]);
});

it('takes the words of each language along', () => {
  const draft = readPresidio(`
global_regex_flags: 26
recognizers:
  - name: Zip
    supported_entity: ZIP
    country_code: us
    supported_languages: [{ language: en, context: [zip] }, { language: es, context: [código] }]
    patterns: [{ name: zip, regex: '\\d{5}', score: 0.5 }]
`);
  expect(draft.rules[0]?.context).toEqual(['zip', 'código']);
  expect(lost(draft)).toEqual([
    '*: `global_regex_flags`',
    'zip: `country_code`',
    'zip: `supported_languages`: rules here run on every language',
  ]);
});

it('takes the group named TOKEN for the secret', () => {
  const draft = readNoseyParker(`
rules:
  - name: Foo
    id: foo.1
    pattern: '(?i)(foo).{0,8}(?P<TOKEN>[a-z0-9]{8})'
    examples: ['foo = a8f3k2m9']
    tls_mode: lax
`);
  expect(draft.rules[0]?.secret_group).toBe(2);
  expect(lost(draft)).toEqual(['foo: `tls_mode`']);
});

it.each([
  [
    'gitleaks',
    () => readGitleaks('title = "x"\n\n[[rules]]\nid = "a"\npath = "x"\n[[rules]]\nid = "b"\npath = "y"\n'),
    [3, 6],
  ],
  ['Presidio', () => readPresidio('# mine\nrecognizers:\n  - name: a\n  -\n    name: b\n'), [3, 5]],
  [
    'Google',
    () => readGoogle('{\n"customInfoTypes": [\n{"infoType":{"name":"A"}},\n {"infoType":{"name":"B"}}]}', new Set()),
    [3, 4],
  ],
  ['Kingfisher', () => readNoseyParker('rules:\n- { name: a, pattern: "(?=x)", examples: [y] }\n'), [2]],
])('says on which line of the source what could not be carried begins: %s', (_, read, lines) => {
  expect(finishImport(read()).notCarried.map(({ line }) => line)).toEqual(lines);
});

it('no reader throws anything but an error that says what is wrong', () => {
  for (const read of [readGitleaks, readPresidio, readNoseyParker, (text: string) => readGoogle(text, new Set())]) {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        try {
          finishImport(read(text));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(error).not.toBeInstanceOf(TypeError);
        }
      }),
      { numRuns: 60 },
    );
  }
});

it('finds what any branch of a gitleaks expression holds, as gitleaks does', () => {
  const toml = `
[[rules]]
id = "two-forms"
regex = '''\\bjira[=:]([a-z0-9]{24})\\b|\\b(ATATT3[A-Za-z0-9]{20})\\b'''
`;
  const { made, finds } = imported(readGitleaks(toml));
  expect(made.rules).toEqual(['two-forms', 'two-forms-2']);
  expect(finds('jira=abcdefghij0123456789abcd')).toEqual([['two-forms', 'abcdefghij0123456789abcd']]);
  expect(finds('x ATATT3abcdefghij0123456789 y')).toEqual([['two-forms-2', 'ATATT3abcdefghij0123456789']]);
});

it('finds every group of a Nosey Parker expression, which tells them all', () => {
  const yaml = `
rules:
  - name: Key and Secret
    pattern: '\\b(AK[0-9]{8})\\s([a-z]{12})\\b'
    examples: ['AK12345678 abcdefghijkl']
`;
  expect(imported(readNoseyParker(yaml)).finds('AK12345678 abcdefghijkl')).toEqual([
    ['key-and-secret', 'AK12345678'],
    ['key-and-secret-2', 'abcdefghijkl'],
  ]);
});

it('takes all stopwords of the default configuration along, and says what is beyond a limit', () => {
  const words = Array.from({ length: 1500 }, (_, i) => `word-${i}-`);
  const toml = `
[[rules]]
id = "many"
regex = '''key=([a-z0-9-]{16,40})'''
[[rules.allowlists]]
stopwords = ${JSON.stringify(words)}
regexes = ${JSON.stringify(Array.from({ length: 70 }, (_, i) => `^none${i}$`))}
`;
  const draft = readGitleaks(toml);
  expect(lost(draft)).toEqual(['many: 6 of 70 regexes of allowlists: more, or longer, than a rule may have']);
  const { finds } = imported(draft);
  expect(finds('key=abc-word-1499-abcdef')).toEqual([]);
  expect(finds('key=abc-ward-1499-abcdef')).toHaveLength(1);
});
