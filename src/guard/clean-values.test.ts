import { describe, expect, it, vi } from 'vitest';
import { ruleSet } from '../../test/dlp/small-rules.ts';
import { lookInto } from '../dlp/scan-layers.ts';
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
const CLEAN = { found: [], isWhole: true };
const dirty = () => lookInto(value, rules);

describe('values that hold nothing', () => {
  it('are searched once, and what holds something each time', () => {
    const values = new CleanValues(rules);
    const clean = vi.fn(() => CLEAN);
    const found = vi.fn(dirty);
    for (let i = 0; i < 3; i += 1) {
      expect(values.among(Buffer.from('text'), { host: 'a.example', tool: '' }, clean)).toEqual(CLEAN);
      expect(values.among(value, { host: 'a.example', tool: '' }, found).found).toHaveLength(1);
    }
    expect(clean).toHaveBeenCalledTimes(1);
    expect(found).toHaveBeenCalledTimes(3);
  });

  it('hold nothing only where the exceptions of the rules say so', () => {
    const values = new CleanValues(rules);
    expect(values.among(value, { host: 'api.example.com', tool: '' }, () => CLEAN)).toEqual(CLEAN);
    expect(values.among(value, { host: 'other.example', tool: '' }, dirty).found).toHaveLength(1);
  });

  it('are looked at each time where not all could be looked into (T-34)', () => {
    const values = new CleanValues(rules);
    const unread = vi.fn(() => ({ found: [], isWhole: false }));
    for (let i = 0; i < 2; i += 1)
      expect(values.among(value, { host: 'a.example', tool: '' }, unread).isWhole).toBe(false);
    expect(unread).toHaveBeenCalledTimes(2);
  });

  it('are the same wherever no rule makes an exception', () => {
    const values = new CleanValues(rules);
    values.among(Buffer.from('text'), { host: 'a.example', tool: 'one' }, () => CLEAN);
    const again = vi.fn(() => CLEAN);
    values.among(Buffer.from('text'), { host: 'b.example', tool: 'two' }, again);
    expect(again).not.toHaveBeenCalled();
  });
});
