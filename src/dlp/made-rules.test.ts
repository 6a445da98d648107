import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactDigest } from './exact-set.ts';
import { canaryRules, dictionaryRules, exactRules, fingerprintRules, type MadeRules } from './made-rules.ts';
import { compileRules } from './rule-set.ts';
import { scan } from './scan.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
/** Bytes that look random and are the same every time. */
const random = () => {
  let n = 0;
  return (bytes: number) => {
    n += 1;
    return sha256(`seed ${n}`)
      .padEnd(2 * bytes, '0')
      .slice(0, 2 * bytes);
  };
};

/** What the rules find in a text. They pass their own tests, or this throws. */
function finder({ yaml }: MadeRules): (text: string) => string[] {
  const set = compileRules([{ path: 'rules/dlp/made.yaml', text: yaml }], sha256);
  if (!set.ok) throw new Error(JSON.stringify(set.error[0]));
  return (text) => {
    const bytes = Buffer.from(text, 'utf8');
    return scan(bytes, set.value).map(({ start, end }) => bytes.subarray(start, end).toString('utf8'));
  };
}

describe('exact-data match', () => {
  const ACCOUNTS = ['4410082231', '9910073305', '5520091874'];
  const MAILS = ['Jo.Meadow@shop.test', 'al.brook@shop.test'];
  const made = exactRules(
    'customers',
    [
      { title: 'Account', values: ACCOUNTS },
      { title: 'Mail', values: MAILS },
      { title: 'Ref', values: ['KX-20931', 'KX-88412'] },
      { title: 'Name', values: ['Jo Meadow', 'Al Brook'] },
      { title: 'Age', values: ['41', '38'] },
    ],
    random(),
  );
  const find = finder(made);

  it.each([
    ['a number', 'account 9910073305, please', ['9910073305']],
    ['a neighbour of it', 'account 9910073306, please', []],
    ['a part of a longer one', '19910073305', []],
    ['an address in another case', 'to JO.MEADOW@shop.test.', ['JO.MEADOW@shop.test']],
    ['another address', 'to jo.brook@shop.test', []],
    ['a reference', 'see kx-20931 there', ['kx-20931']],
    ['another reference', 'see KX-20932 there', []],
  ])('%s', (_what, text, expected) => {
    expect(find(text)).toEqual(expected);
  });

  it('holds no value of the table', () => {
    for (const value of [...ACCOUNTS, ...MAILS, 'KX-20931', '20931', 'meadow']) {
      expect(made.yaml.toLowerCase()).not.toContain(value.toLowerCase());
    }
  });

  it('says which columns it cannot look for', () => {
    expect(made.rules.map(({ id }) => id)).toEqual([
      'exact-customers-account',
      'exact-customers-mail',
      'exact-customers-ref',
    ]);
    expect(made.left.join('\n')).toMatch(/`Name`: values of several words/);
    expect(made.left.join('\n')).toMatch(/`Age`: numbers of fewer than 6 digits/);
  });

  it('digests as HMAC-SHA256 does (RFC 2104)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 64 }), fc.string(), (salt, text) => {
        const expected = createHmac('sha256', salt).update(text, 'utf8').digest('hex').slice(0, 16);
        expect(new ExactDigest(Buffer.from(salt).toString('hex')).of(text)).toBe(expected);
      }),
      { numRuns: 50 },
    );
  });
});

describe('fingerprints', () => {
  const DOCUMENT = `Plan for the spring.

The harbour crew will repaint the northern pier before the ferries return. Costs stay
under nine thousand, if the weather holds through the second week! Yes.`;
  const made = fingerprintRules('plan', [DOCUMENT], random());
  const find = finder(made);

  it('finds a sentence in another place, case and wrapping', () => {
    const copied =
      'He wrote:\n\nthe harbour CREW will repaint the\nnorthern pier, before the ferries return. And then left.';
    expect(find(copied)).toEqual(['the harbour CREW will repaint the\nnorthern pier, before the ferries return']);
  });

  it('finds none that differs by a word, none that is short, and holds no word of the document', () => {
    expect(find('The harbour crew will repaint the southern pier before the ferries return.')).toEqual([]);
    expect(find('Plan for the spring.')).toEqual([]);
    expect(made.rules).toEqual([{ id: 'fingerprint-plan', values: 2 }]);
    expect(made.yaml).not.toMatch(/harbour|ferries/);
  });

  it('has nothing to make of a text without sentences', () => {
    expect(fingerprintRules('x', ['a b c'], random())).toMatchObject({ yaml: '', rules: [] });
  });
});

describe('dictionaries', () => {
  it('find whole words in any case, and split into several rules', () => {
    const find = finder(dictionaryRules('code names', ['Blue Heron', 'red-kite (2)', 'x']));
    expect(find('the blue  heron and RED-KITE (2), not bluebird')).toEqual(['blue  heron', 'RED-KITE (2)']);
    const many = dictionaryRules(
      'many',
      Array.from({ length: 900 }, (_, i) => `codename${i}`),
    );
    expect(many.rules.length).toBeGreaterThan(1);
    expect(finder(many)('codename7 codename899')).toEqual(['codename7', 'codename899']);
  });
});

describe('canary tokens', () => {
  it('are found wherever they stand', () => {
    const made = canaryRules('mailbox', 3, random());
    expect(new Set(made.tokens).size).toBe(3);
    expect(finder(made)(`x=${made.tokens[2]}&y`)).toEqual([made.tokens[2]]);
  });
});
