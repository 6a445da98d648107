/** Routes of the DLP rules: read, tried, edited. */

import { z } from 'zod';
import { make } from './make-route.ts';
import { AUDIT, SECURE } from './route.ts';
import * as shape from './shapes.ts';

const filePath = z
  .string()
  .regex(/^dlp\/[a-z0-9][a-z0-9-]{0,60}\.ya?ml$/, 'must be `dlp/` and a lower-case name ending in `.yaml`');
const text = z.string().max(1024 * 1024);

const ruleRow = z.object({
  id: z.string(),
  file: z.string(),
  line: z.int(),
  description: z.string(),
  info_type: z.string(),
  kind: z.string(),
  severity: z.string(),
  likelihood: z.string(),
  on_result: z.string().describe('action on results'),
  on_request: z.string().describe('action on requests'),
  searched_by: z.enum(['literal', 'byte', 'prefix', 'everything']).describe('`everything` is the dear one'),
});

const edit = z.object({ digest: z.string(), at: shape.at, by: z.string(), why: z.string() });

export const RULE_ROUTES = {
  ruleList: make('GET', '/v1/rules', AUDIT, {
    summary: 'the DLP rules in force and the files that they are in',
    response: z.object({
      digest: z.string(),
      files: z.array(z.object({ path: z.string(), rules: z.int(), edited: z.boolean() })),
      rules: z.array(ruleRow),
    }),
  }),
  ruleFile: make('GET', '/v1/rules/file', AUDIT, {
    summary: 'one rule file as it is, or as an earlier edit left it',
    query: z.object({ path: filePath, digest: z.string().max(64).optional() }),
    response: z.object({
      path: z.string(),
      text: z.string(),
      digest: z.string().describe('SHA-256 of the text; an edit names the one that it began from'),
      edited: z.boolean().describe('whether it differs from the file that ships'),
      history: z.array(edit).describe('newest first'),
      rules: z
        .array(z.object({ id: z.string(), match: z.array(z.string()), no_match: z.array(z.string()) }))
        .describe('those in force of this file, each with its tests'),
    }),
  }),
  ruleTry: make('POST', '/v1/rules/try', AUDIT, {
    summary: 'compiles a rule file, runs its tests and scans a sample with it; changes nothing, keeps nothing',
    body: z.strictObject({
      path: filePath,
      text,
      sample: z
        .string()
        .max(256 * 1024)
        .default(''),
    }),
    response: z.object({
      problems: z.array(shape.problem),
      rules: z.array(ruleRow),
      findings: z.array(
        z.object({
          rule: z.string(),
          info_type: z.string(),
          likelihood: z.string(),
          start: z.int().describe('in UTF-16 code units of the sample'),
          end: z.int(),
          action: z.string().describe('on results'),
        }),
      ),
      cost: z
        .object({ us_per_kb: z.number(), all_us_per_kb: z.number().describe('of every rule in force') })
        .describe('CPU time over a text like those that tools return'),
      past: z
        .object({
          samples: z.int().describe('clean results of the last week that are kept'),
          tripped: z.int().describe('of these, how many the rules would have found something in'),
          note: z.string().describe('why there are none'),
          hits: z.array(z.object({ rule: z.string(), at: shape.at, tenant: z.string(), excerpt: z.string() })),
        })
        .describe('what past clean traffic would have tripped; needs `guard.keep_clean_samples`'),
    }),
  }),
  ruleSave: make('POST', '/v1/rules/file', SECURE, {
    summary: 'saves a rule file and swaps the rules in, or refuses and changes nothing',
    body: z.strictObject({
      path: filePath,
      text,
      why: shape.changeBody.shape.why,
      from: z.string().max(64).nullable().describe('digest of the text that the edit began from; null for a new file'),
    }),
    response: shape.loaded,
    changes: true,
  }),
} as const;
