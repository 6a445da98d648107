import { domainToUnicode } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseHost } from '../core/host.ts';
import { derivedCategories } from './derived.ts';

const categories = (name: string) => {
  const host = parseHost(name);
  if (!host.ok) throw new Error(host.error);
  return derivedCategories(host.value).map(({ category }) => category);
};

describe('T-14 names that are made to look like others', () => {
  it.each([
    ['pаypal.com', 'Cyrillic a among Latin'],
    ['аррӏе.com', 'all Cyrillic, reads apple'],
    ['gοοgle.com', 'Greek o among Latin'],
    ['api.gіthub.com', 'Cyrillic i in the second label'],
    ['хn.sсope.com', 'each label in its own way'],
    ['ѕсоре.example.com', 'reads scope'],
  ])('%s (%s) is one', (name) => {
    expect(categories(name)).toContain('phishing');
  });

  it.each([
    'münchen.de',
    'пример.рф',
    'яндекс.рф',
    '日本語テスト.jp',
    '例え.jp',
    'abc日本.jp',
    'παράδειγμα.gr',
    '한국.kr',
    'مثال.com',
    'दिल्ली.in',
    'plain.example.com',
    'xn-not-one.example.com',
  ])('%s is none', (name) => {
    expect(categories(name)).not.toContain('phishing');
  });

  it('the label is decoded as the platform decodes it', () => {
    // Whatever does not decode is taken for the worst, so a wrong decoder shows as a wrong verdict on plain names.
    for (const name of ['xn--mnchen-3ya.de', 'xn--80ak6aa92e.com', 'xn--fsq.jp', 'xn--e1afmkfd.xn--p1ai']) {
      const letters = domainToUnicode(name);
      expect(categories(name).includes('phishing')).toBe(categories(letters).includes('phishing'));
    }
    expect(categories('xn--80ak6aa92e.com')).toContain('phishing');
  });
});
