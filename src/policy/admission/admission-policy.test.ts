/** Cedar text from people: what it names however it is written, and that nothing of it can break the engine. */

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { bundleWith, compile, filesBelow, principal, shippedBundle } from '../../../test/policy/fixture.ts';
import { admit } from './admission.ts';
import { tooDeep } from './cedar-bounds.ts';

const cedar = (text: string) => ({ path: 'policy/x.cedar', text });
const when = (body: string) =>
  cedar(`@id("x")\nforbid (principal, action == Action::"run", resource) when { ${body} };`);
const problemsOf = (file: { path: string; text: string }): string[] => {
  const made = compile([...filesBelow('rules').filter((f) => f.path !== file.path), file]);
  return made.ok ? [] : made.error.map((p) => `${p.file}:${p.line} ${p.message}`);
};

test.each([
  'resource == Capability::"net.read.public"',
  'resource == Capability :: "net.read.public"',
  'resource == Capability::"net\\u{2e}read\\u{2e}public"',
])('a capability that is forbidden by name is withheld, and no other of its risk: %s', (which) => {
  const bundle = bundleWith(
    cedar(`@id("x")\nforbid (principal, action == Action::"hold", resource) when { ${which} };`),
  );
  const held = (of = shippedBundle()) => principal({ class: 'code' }, of).capabilities;
  expect(held(bundle)).toEqual(held().filter((name) => name !== 'net.read.public'));
});

test.each(['constructor', '__proto__', 'toString'])('a policy may have the id `%s`', (id) => {
  const bundle = bundleWith(
    cedar(`@id("${id}")\nforbid (principal, action == Action::"run", resource) when { context.risk > 10 };`),
  );
  const order = { caller: 'c', kind: 'sandbox', tenant: 'acme', class: 'code', profile: null } as const;
  expect(admit({ ...order, risk: 11 }, bundle)).toMatchObject({ admitted: false, policies: [id] });
  expect(admit({ ...order, risk: 10 }, bundle).admitted).toBe(true);
});

describe('text that would overflow the engine is refused before it sees it', () => {
  it.each([
    ['brackets', `${'('.repeat(5000)}true${')'.repeat(5000)}`, /x\.cedar:2 more than 40 brackets/],
    ['sets', `${'['.repeat(300)}1${']'.repeat(300)} == [1]`, /more than 40 brackets/],
    ['conjunctions', Array(1000).fill('context.risk > 1').join(' && '), /x\.cedar:2 .*more than 160 operators/],
    ['accesses', `context${'.risk'.repeat(1000)} == 1`, /more than 160 operators/],
    ['indices', `context${'["risk"]'.repeat(1000)} == 1`, /more than 160 operators/],
    ['conditions', `${'if true then true else '.repeat(1000)}true`, /more than 160 operators/],
  ])('%s', (_, body, message) => {
    expect(problemsOf(when(body))).toContainEqual(expect.stringMatching(message));
    // The instance that would have run out of its stack serves on.
    expect(problemsOf(when('context.risk > 98'))).toEqual([]);
  });

  it('in the schema too', () => {
    const text = `${filesBelow('rules').find((f) => f.path.endsWith('.cedarschema'))?.text}\ntype T = ${'Set<'.repeat(5000)}Long${'>'.repeat(5000)};`;
    expect(problemsOf({ path: 'policy/schema.cedarschema', text })).toContainEqual(
      expect.stringMatching(/schema\.cedarschema:\d+ more than 40 brackets/),
    );
  });

  it('what is within the bounds never breaks it', () => {
    const part = fc.constantFrom(
      '(',
      '[',
      '{a: ',
      'if true then ',
      'context.risk > 1 && ',
      '1 + ',
      '[1].contains(',
      '!',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 200 }), fc.constantFrom(')', ']', '}', ' else 1', ''), (parts, end) => {
        const file = when(`${parts.join('')}true${end.repeat(parts.length)}`);
        if (tooDeep(file.text, 'policy') === null) problemsOf(file);
      }),
      { numRuns: 20 },
    );
    // The deepest and the longest together, closed as they should be.
    const chain = Array(70).fill('context.risk > 1').join(' && ');
    expect(problemsOf(when(`${'('.repeat(38)}${chain}${')'.repeat(38)}`))).toEqual([]);
    expect(problemsOf(when(`${'[1].contains('.repeat(38)}1${')'.repeat(38)}`)).join()).toContain('not compatible');
  });
});

test.each([
  [
    'a syntax error',
    (text: string) => text.replace('entity Caller;', 'entity Caller'),
    /cedarschema:5 .*unexpected token/,
  ],
  ['a type that is missing', (text: string) => text.replace('entity Caller;', ''), /cedarschema:\d+ .*Caller/],
  [
    'a context that nothing fills in',
    (text: string) => text.replaceAll('risk: Long', 'risk: Long, region: String'),
    /cedarschema:0 the context of `run` .*region/,
  ],
])('%s in the schema is said of the schema', (_, edit, message) => {
  const path = 'policy/schema.cedarschema';
  const problems = problemsOf({ path, text: edit(filesBelow('rules').find((f) => f.path === path)?.text ?? '') });
  expect(problems).toContainEqual(expect.stringMatching(message));
  expect(problems.filter((p) => p.includes('.cedar:'))).toEqual([]);
});
