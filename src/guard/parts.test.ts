import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextOf } from '../../test/dlp/guard-context.ts';
import { shippedRules } from '../../test/dlp/shipped-rules.ts';
import { GITHUB_RULES, GITHUB_TOKEN, ruleSet } from '../../test/dlp/small-rules.ts';
import { FieldParts } from './field-parts.ts';
import { createGuard } from './guard.ts';
import type { GuardContext } from './guard-context.ts';

const rules = ruleSet(GITHUB_RULES);
const newGuard = () => createGuard({ rules, fingerprintKey: Buffer.alloc(32, 1) });

const context = (over: Partial<GuardContext> = {}) =>
  contextOf({ task: 'k', contentType: 'application/json', ...over });

function run(body: string, over: Partial<GuardContext> = {}, guard = newGuard()) {
  const filter = guard.filter(context(over));
  const out = filter.push(Buffer.from(body));
  if (!filter.blocked) out.push(...filter.end());
  return { text: Buffer.concat(out).toString(), verdict: filter.verdict(), blocked: filter.blocked };
}

const cut = (size: number) => GITHUB_TOKEN.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
const form = { contentType: 'application/x-www-form-urlencoded' };
const mark = '[REDACTED:GITHUB_TOKEN]';

describe('a secret in several parts of one text (T-36)', () => {
  it.each([
    ['items of a list', { p: cut(7), n: 1 }, { p: [mark, '', '', '', '', ''], n: 1 }],
    ['fields', { kind: 'public', a: cut(25)[0], b: cut(25)[1], c: 'x' }, { kind: 'public', a: mark, b: '', c: 'x' }],
    [
      'a field of records',
      cut(20).map((t) => ({ t, y: 'z z' })),
      [
        { t: mark, y: 'z z' },
        { t: '', y: 'z z' },
      ],
    ],
    [
      'texts of records',
      [{ t: `it is ${cut(20)[0]}` }, { t: `${cut(20)[1]} and so on` }],
      [{ t: `it is ${mark}` }, { t: ' and so on' }],
    ],
  ])('T-36 is taken out of %s, and JSON stays JSON', (_, value, want) => {
    const { text, verdict } = run(JSON.stringify(value));
    expect(JSON.parse(text)).toEqual(want);
    expect(verdict.findings).toMatchObject([{ rule: 'github-pat', action: 'redact' }]);
    expect(run(JSON.stringify(value), { direction: 'request' }).blocked).toBe(true);
  });

  it.each([
    ['a form', form, `a=1&b=${cut(20)[0]}&c=${cut(20)[1]}&d=2`, `a=1&b=%5BREDACTED%3AGITHUB_TOKEN%5D&c=&d=2`],
    ['events of plain text', {}, `data: so ${cut(20)[0]}\n\ndata: ${cut(20)[1]}\n\n`, `data: so ${mark}\n\ndata: \n\n`],
    ['an expression', {}, `t = "${cut(20)[0]}" +\n  "${cut(20)[1]}";`, `t = "${mark}" +\n  "";`],
    [
      'a multipart body',
      {},
      `--X\r\nA: b\r\n\r\n${cut(20)[0]}\r\n--X\r\nA: c\r\n\r\n${cut(20)[1]}\r\n--X--\r\n`,
      `--X\r\nA: b\r\n\r\n${mark}\r\n--X\r\nA: c\r\n\r\n\r\n--X--\r\n`,
    ],
  ])('T-36 is taken out of %s', (_, over, body, want) => {
    expect(run(body, { contentType: 'text/plain', ...over }).text).toBe(want);
  });

  it('T-36 is found however it is cut, and what is whole is found once', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 39 }), { minLength: 1, maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), GITHUB_TOKEN.length];
        const parts = at.slice(1).map((end, i) => GITHUB_TOKEN.slice(at[i], end));
        const { text, verdict } = run(JSON.stringify({ before: 'word', parts, after: 'word' }));
        expect(JSON.parse(text).parts.join('')).toBe(mark);
        expect(verdict.findings).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
    expect(run(JSON.stringify({ a: GITHUB_TOKEN, b: GITHUB_TOKEN })).verdict.findings).toHaveLength(2);
  });

  it('leaves alone what only stands one behind the other', () => {
    const body = JSON.stringify({ a: 'ghp_short', b: 'and', c: cut(30)[0], d: 'no', e: '-' });
    expect(run(body).text).toBe(body);
  });
});

describe('a secret in several parts of what a task sends (T-36)', () => {
  const request = context({ direction: 'request' });
  const [one = '', two = ''] = cut(20);

  it('T-36 is found over the query, and over fields', () => {
    const query = newGuard().scanParts([{ name: 'url.query', text: `a=${one}&b=${two}` }], request);
    expect(query).toMatchObject({ action: 'block', findings: [{ rule: 'github-pat', path: 'joined' }] });
    const fields = [
      { name: 'x-a', text: one },
      { name: 'accept', text: '*/*' },
      { name: 'x-b', text: two },
    ];
    expect(newGuard().scanParts(fields, request).action).toBe('block');
  });

  it.each([
    ['steps of the path', [{ name: 'url.path', text: `/v1/${cut(10).join('/')}` }]],
    ['parameters of a step', [{ name: 'url.path', text: `/v1/a;${cut(10).join(';')}` }]],
    ['escaped steps', [{ name: 'url.path', text: `/v1/${cut(10).join('%2F')}` }]],
    [
      'names of the query',
      [
        {
          name: 'url.query',
          text: cut(20)
            .map((name) => `${name}=1`)
            .join('&'),
        },
      ],
    ],
    ['names of the query alone', [{ name: 'url.query', text: cut(10).join('&') }]],
    [
      'cookies',
      [
        {
          name: 'cookie',
          text: cut(10)
            .map((value, i) => `c${i}=${value}`)
            .join('; '),
        },
      ],
    ],
    ['a list of a field', [{ name: 'x-list', text: cut(10).join(', ') }]],
  ])('T-36 is found over %s', (_, parts) => {
    expect(newGuard().scanParts(parts, request)).toMatchObject({ action: 'block', findings: [{ path: 'joined' }] });
  });

  it('T-36 is found over requests and messages of one task, and of no other', () => {
    const send = (guard: ReturnType<typeof newGuard>, text: string, over = {}) =>
      guard.scanParts([{ name: 'url.query', text: `d=${text}&same=1` }], { ...request, ...over }).action;
    const guard = newGuard();
    expect([send(guard, one), send(guard, 'x', { task: 'other' }), send(guard, two, { task: 'other' })]).toEqual(
      Array(3).fill('pass'),
    );
    expect(send(guard, two)).toBe('block');
    const bodies = newGuard();
    const over = { direction: 'request', contentType: 'text/plain' } as const;
    expect(run(one, over, bodies).blocked).toBe(false);
    expect(run(two, over, bodies)).toMatchObject({ blocked: true, text: '', verdict: { action: 'block' } });
    const json = newGuard();
    expect(run(JSON.stringify({ n: 1, d: one }), { direction: 'request' }, json).blocked).toBe(false);
    expect(run(JSON.stringify({ n: 2, d: two }), { direction: 'request' }, json).blocked).toBe(true);
  });

  it('never carries the parts in its verdict (T-85)', () => {
    const guard = newGuard();
    run(one, { direction: 'request' }, guard);
    expect(JSON.stringify(run(two, { direction: 'request' }, guard).verdict)).not.toMatch(/SIc47|KLiMcV/);
  });
});

describe('fields that are said again (T-36)', () => {
  const request = context({ direction: 'request' });
  const path = (text: string) => [{ name: 'url.path', text }];
  const [one = '', two = ''] = cut(20);

  it('are found again where they hold something, and the path before them is looked at each time', () => {
    const guard = newGuard();
    const dirty = new FieldParts([{ name: 'x-key', text: GITHUB_TOKEN }]);
    const clean = new FieldParts([{ name: 'x-word', text: 'a word' }]);
    for (let i = 0; i < 3; i += 1) {
      expect(guard.scanParts(path('/a'), request, dirty)).toMatchObject({
        action: 'block',
        findings: [{ rule: 'github-pat', path: 'x-key' }],
      });
      expect(guard.scanParts(path('/a'), request, clean).action).toBe('pass');
      expect(guard.scanParts(path(`/${GITHUB_TOKEN}`), request, clean).findings).toMatchObject([{ path: 'url.path' }]);
    }
  });

  it('hold nothing only under the rules, and towards the hosts, under which they were looked at', () => {
    const fields = new FieldParts([{ name: 'x-key', text: 'key-1234' }]);
    const keys = ruleSet(
      GITHUB_RULES.replace(/regex:.*/, `regex: '(key-[0-9]{4})'`)
        .replace(/actions:.*/, '$&\n    allow: { hosts: [api.test] }')
        .replace(/tests:.*/, 'tests: { match: [key-1234], no_match: [key] }'),
    );
    const [any, strict] = [newGuard(), createGuard({ rules: keys, fingerprintKey: Buffer.alloc(32, 1) })];
    const said = (guard: typeof any, host: string) => guard.scanParts(path('/a'), { ...request, host }, fields).action;
    expect([said(any, 'b.test'), said(strict, 'api.test')]).toEqual(['pass', 'pass']);
    expect([said(strict, 'b.test'), said(any, 'b.test')]).toEqual(['block', 'pass']);
  });

  it('T-36 are joined with the path, and with what the task sends next', () => {
    const fields = new FieldParts([{ name: 'x-part', text: two }]);
    const joinedPath = expect.objectContaining({ path: 'joined' });
    for (let i = 0; i < 2; i += 1) {
      const guard = newGuard();
      expect(guard.scanParts(path('/a'), request, fields).action).toBe('pass');
      expect(guard.scanParts(path(`/${one}`), request, fields).findings).toEqual([joinedPath]);
    }
    const guard = newGuard();
    guard.scanParts(path('/a'), request, new FieldParts([{ name: 'x-part', text: one }]));
    expect(guard.scanParts(path('/a'), request, fields).findings).toEqual([joinedPath]);
  });
});

describe('a secret with a plus in a request head (T-35)', () => {
  const guard = createGuard({ rules: shippedRules(), fingerprintKey: Buffer.alloc(32, 1) });
  const key = 'wJalrXUtnFEMI+K7MDENG+bPxRfiCYzQ7LkT9wPb';
  const found = (name: string, text: string) =>
    guard.scanParts([{ name, text }], context({ direction: 'request' })).findings.map(({ rule, path }) => [rule, path]);

  it.each([
    ['x-aws', `aws_secret_access_key=${key}`],
    ['url.path', `/v1/aws_secret_access_key=${key}`],
    ['url.query', `aws_secret_access_key=${key}`],
    ['url.query', `aws_secret_access_key=${encodeURIComponent(key)}`],
    ['url.path', `/v1/aws_secret_access_key=${encodeURIComponent(key)}`],
  ])('T-35 is found once, where it stands for itself and where it is written in percent: %s', (name, text) => {
    expect(found(name, text)).toEqual([['aws-secret-access-key', name]]);
  });

  it('T-35 is found behind blanks that a form writes as a plus', () => {
    expect(found('url.query', 'note=the+password+is+hunter7Kx2!pw')).not.toEqual([]);
  });
});
