/** Rules for tests of what is done with findings: few, and easily read. The shipped ones are in `shipped-rules.ts`. */

import { createHash } from 'node:crypto';
import type { RuleSet } from '../../src/dlp/compiled-rules.ts';
import { compileRules } from '../../src/dlp/rule-set.ts';

/** The set of one file. Throws what is wrong with it. */
export function ruleSet(text: string): RuleSet {
  const set = compileRules([{ path: 'r.yaml', text }], (of) => createHash('sha256').update(of).digest('hex'));
  if (!set.ok) throw new Error(set.error.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return set.value;
}

/** A secret that `GITHUB_RULES` finds. */
export const GITHUB_TOKEN = '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';

/** A rule whose matches have one length and a literal beginning. */
export const GITHUB_RULES = `version: 1
rules:
  - id: github-pat
    description: GitHub token
    info_type: GITHUB_TOKEN
    kind: secret
    regex: '\\b(ghp_[0-9A-Za-z]{36})\\b'
    secret_group: 1
    likelihood: LIKELY
    severity: high
    actions: { result: redact, request: block }
    tests: { match: ['${GITHUB_TOKEN}'], no_match: ['ghp_short'] }
`;

/** A rule whose matches are short and of many lengths. */
export const SAMPLE_RULES = `version: 1
rules:
  - id: sample
    description: A sample
    info_type: SAMPLE
    kind: secret
    regex: '\\b(key-[a-z]{8,40})\\b'
    secret_group: 1
    likelihood: LIKELY
    severity: low
    actions: { result: redact, request: block }
    tests: { match: ['key-abcdefgh'], no_match: ['key-short'] }
`;

/** That one, numbers with and without blanks, and a phrase. */
export const MIXED_RULES = `${SAMPLE_RULES}  - id: number
    description: A number
    info_type: NUMBER
    kind: pii
    regex: '\\b(4111111111111111)\\b'
    validators: [luhn]
    likelihood: LIKELY
    severity: low
    actions: { result: mask, request: block }
    tests: { match: ['4111111111111111'], no_match: ['4111'] }
  - id: groups
    description: A number in groups
    info_type: GROUPS
    kind: pii
    regex: '\\b(4111(?: 1111){3}|SEED WORD LIST)\\b'
    likelihood: LIKELY
    severity: low
    actions: { result: redact, request: block }
    tests: { match: ['4111 1111 1111 1111'], no_match: ['4111 1111'] }
  - id: phrase
    description: A phrase
    info_type: PHRASE
    kind: injection
    regex: '(ignore all previous instructions)'
    likelihood: LIKELY
    severity: low
    actions: { result: redact, request: pass }
    tests: { match: ['ignore all previous instructions'], no_match: ['ignore'] }
`;
