/** What a DLP rule file may say (DESIGN section 7): one schema for validation, types and the reference. */

import { z } from 'zod';
import { GUARD_ACTIONS, LIKELIHOODS } from '../core/finding.ts';
import { words } from '../core/words.ts';
import { NORMALISE } from './exact-set.ts';
import { HOST_OR_BELOW } from './host-list.ts';
import { parsePathPattern } from './json-path.ts';
import { VALIDATOR_NAMES } from './validators/validator.ts';

const action = z.enum(GUARD_ACTIONS);

const validator = z.union([
  z.enum(VALIDATOR_NAMES),
  z.strictObject({ entropy: z.strictObject({ min: z.number().min(0).max(8) }) }),
]);

const jsonPath = z
  .string()
  .max(200)
  .refine((text) => parsePathPattern(text) !== null, 'not a JSON path; write for example `$.items[*].id` or `$..sha`');

const HOST_HELP = 'not a host; write `api.example.com`, or `*.example.com` for everything below it';

const rule = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'a rule id is kebab-case, for example `github-pat`')
    .max(80),
  description: words(500),
  owner: words(100).optional(),
  info_type: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, 'an info type is upper case, for example `GITHUB_TOKEN`')
    .max(80),
  kind: z.enum(['secret', 'pii', 'dictionary', 'exact', 'canary', 'injection']),
  keywords: z.array(z.string().min(2).max(64)).max(64).default([]),
  regex: z.string().min(1).max(4000),
  secret_group: z.int().min(0).max(20).default(0),
  validators: z.array(validator).max(8).default([]),
  // Checksums that make a finding certain but whose failure does not clear it: a copied secret may have lost a digit.
  confirm: z.array(validator).max(8).default([]),
  // With kind `exact`: what the expression finds counts only when it is one of these values, known by their digests.
  exact: z
    .strictObject({
      salt: z.string().regex(/^(?:[0-9a-f]{2}){16,64}$/, 'a salt is 16 to 64 bytes in lower-case hexadecimal'),
      normalise: z.enum(NORMALISE).default('none'),
      digests: z
        .string()
        .max(16 * 250_000)
        .regex(/^(?:[0-9a-f]{16})+$/, 'digests are sixteen lower-case hexadecimal digits each'),
    })
    .optional(),
  context: z
    .strictObject({
      words: z.array(z.string().min(1).max(64)).min(1).max(64),
      before: z.int().min(0).max(500).default(50),
      after: z.int().min(0).max(500).default(20),
      boost: z.int().min(1).max(4).default(1),
    })
    .optional(),
  allow: z
    .strictObject({
      regexes: z.array(z.string().min(1).max(1000)).max(64).default([]),
      // Tested on what stands before the secret on its line, at most 120 bytes: the name that it is assigned to.
      before: z.array(z.string().min(1).max(1000)).max(64).default([]),
      stopwords: z.array(z.string().min(1).max(64)).max(4096).default([]),
      json_paths: z.array(jsonPath).max(64).default([]),
      hosts: z.array(z.string().min(1).max(253)).max(256).default([]),
      tools: z.array(z.string().min(1).max(100)).max(256).default([]),
    })
    .prefault({}),
  likelihood: z.enum(LIKELIHOODS),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  actions: z.strictObject({ result: action, request: action }),
  // With `mask`: how many of the last letters and digits stay, never more than a quarter of them.
  mask: z.strictObject({ keep: z.int().min(0).max(16).default(4) }).prefault({}),
  // With `tokenise`: where the egress gate may put the value back. `api.example.com`, or `*.example.com` for all below it.
  restore: z
    .strictObject({ hosts: z.array(z.string().max(253).regex(HOST_OR_BELOW, HOST_HELP)).max(256).default([]) })
    .prefault({}),
  tests: z.strictObject({
    match: z.array(z.string().min(1)).min(1, 'at least one text that must match'),
    no_match: z.array(z.string().min(1)).min(1, 'at least one text that must not match'),
  }),
});

export const ruleFileSchema = z.strictObject({ version: z.literal(1), rules: z.array(rule).min(1).max(2000) });

export type RuleSpec = z.output<typeof rule>;
