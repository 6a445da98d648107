import { describe, expect, it, vi } from 'vitest';
import { ruleSet } from '../../test/dlp/small-rules.ts';
import { CleanValues } from './clean-values.ts';

const RULES = `version: 1
rules:
  - id: key
    description: A key
    info_type: KEY
    kind: secret
    regex: '(key-[0-9]{4})'
    secret_group: 1
    likelihood: LIKELY
    severity: high
    actions: { result: redact, request: block }
    allow: { hosts: [api.example.com] }
    tests: { match: [key-1234], no_match: [key-1] }
`;
const rules = ruleSet(RULES);
const value = Buffer.from('key-1234');

describe('values that hold nothing', () => {
  it('are searched once, and what holds something each time', () => {
    const values = new CleanValues(rules);
    const clean = vi.fn(() => []);
    const dirty = vi.fn(() => ['found']);
    for (let i = 0; i < 3; i += 1) {
      expect(values.among(Buffer.from('text'), { host: 'a.example', tool: '' }, clean)).toEqual([]);
      expect(values.among(value, { host: 'a.example', tool: '' }, dirty)).toEqual(['found']);
    }
    expect(clean).toHaveBeenCalledTimes(1);
    expect(dirty).toHaveBeenCalledTimes(3);
  });

  it('hold nothing only where the exceptions of the rules say so', () => {
    const values = new CleanValues(rules);
    expect(values.among(value, { host: 'api.example.com', tool: '' }, () => [])).toEqual([]);
    expect(values.among(value, { host: 'other.example', tool: '' }, () => ['found'])).toEqual(['found']);
  });

  it('are the same wherever no rule makes an exception', () => {
    const values = new CleanValues(rules);
    values.among(Buffer.from('text'), { host: 'a.example', tool: 'one' }, () => []);
    const again = vi.fn(() => []);
    values.among(Buffer.from('text'), { host: 'b.example', tool: 'two' }, again);
    expect(again).not.toHaveBeenCalled();
  });
});
