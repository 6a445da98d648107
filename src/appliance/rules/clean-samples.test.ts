import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compileRules } from '../../dlp/rule-set.ts';
import { createGuard } from '../../guard/guard.ts';
import { CleanSamples, samplingGuard } from './clean-samples.ts';

const DAY = 86_400_000;
const RULE = `version: 1
rules:
  - id: bluebird
    description: a codename
    info_type: CODENAME
    kind: dictionary
    regex: '\\b(bluebird)\\b'
    secret_group: 1
    likelihood: VERY_LIKELY
    severity: medium
    actions: { result: redact, request: block }
    tests: { match: ['bluebird'], no_match: ['a bird'] }
`;

function guarded(most: number, now = () => 0) {
  const sha = (text: string) => createHash('sha256').update(text).digest('hex');
  const rules = compileRules([{ path: 'dlp/own.yaml', text: RULE }], sha);
  if (!rules.ok) throw new Error(JSON.stringify(rules.error));
  const samples = new CleanSamples(most, now, () => 0);
  return {
    samples,
    guard: samplingGuard(createGuard({ rules: rules.value, fingerprintKey: Buffer.alloc(32) }), samples),
  };
}

const settings = {
  request: 'enforce',
  result: 'enforce',
  minLikelihood: 'POSSIBLE',
  unscannable: 'block',
  ignore: [],
} as const;
const context = {
  direction: 'result',
  settings,
  tenant: 'acme',
  task: 't',
  host: 'h',
  contentType: 'text/plain',
  contentEncoding: '',
} as const;

function pass(guard: ReturnType<typeof guarded>['guard'], body: Uint8Array, more: object = {}): string {
  const filter = guard.filter({ ...context, ...more });
  return Buffer.concat([...filter.push(body), ...filter.end()]).toString('utf8');
}

test('a clean result is kept as it left, and nothing with a finding, nothing large, nothing that is no text', () => {
  const { guard, samples } = guarded(10);
  expect(pass(guard, Buffer.from('all is well'))).toBe('all is well');
  pass(guard, Buffer.from('the bluebird flies'));
  pass(guard, Buffer.alloc(20_000, 'a'));
  pass(guard, Buffer.from([1, 0, 2]));
  pass(guard, Buffer.from('what goes out'), { direction: 'request' });
  pass(guard, gzipSync('packed'), { contentEncoding: 'gzip' });
  expect(samples.list().map(({ bytes }) => bytes.toString())).toEqual(['all is well', 'packed']);
});

test('no more are kept than asked for, none by default, and none older than a week', () => {
  let now = 0;
  const { guard, samples } = guarded(2, () => now);
  for (const text of ['one', 'two', 'three']) pass(guard, Buffer.from(text));
  expect(samples.list().map(({ bytes }) => bytes.toString())).toEqual(['three', 'two']);
  now = 8 * DAY;
  expect(samples.list()).toEqual([]);
  const none = guarded(0);
  pass(none.guard, Buffer.from('one'));
  expect(none.samples.list()).toEqual([]);
});
