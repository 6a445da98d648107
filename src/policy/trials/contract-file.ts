/** Contract files: tables of *given task and request → expected effect and reason* that a policy must keep. */

import { z } from 'zod';
import { didYouMean } from '../../core/nearest.ts';
import { REASONS, type ReasonCode } from '../../core/reasons.ts';
import { ok, type Problem, type Result } from '../../core/result.ts';
import { parseYamlFile } from '../../core/strict-yaml.ts';

const names = z.array(z.string().min(1)).default([]);

const taskSchema = z.strictObject({
  tenant: z.string().min(1),
  class: z.string().min(1),
  profile: z.string().nullable().default(null),
  risk: z.int().min(0).max(100).default(0),
  pass: z.enum(['valid', 'expired', 'missing', 'malformed', 'revoked']).default('valid'),
  killed: z.boolean().default(false),
});

/** Controls in force for one contract. */
const controlsSchema = z.strictObject({
  blocked: names,
  unblocked: names,
  revoked: names,
  quarantined: names,
  allowed_hosts: names,
  denied_hosts: names,
});

const EXPECT = /^(allow|deny) ([a-z_]+)(?: by ([a-z0-9.-]+))?$/;

const contractSchema = z
  .strictObject({
    name: z.string().min(1).max(200),
    task: taskSchema.optional(),
    controls: controlsSchema.prefault({}),
    request: z
      .string()
      .regex(/^[A-Z]+ \S+$/, 'a request is a method and a URL, for example `GET https://example.com/`')
      .optional(),
    /** A storage or tool capability, in place of a request. */
    use: z.string().optional(),
    content_type: z.string().default(''),
    /** The gateway itself writes it, to a tool that its file declares read-only. */
    read_only_tool: z.boolean().default(false),
    upgrade: z.string().default(''),
    addresses: z.array(z.string()).nullable().default(null),
    cnames: names,
    expect: z
      .string()
      .regex(EXPECT, 'an expectation is for example `allow capability_grants by net.read.public`')
      .refine((text) => Object.hasOwn(REASONS, reasonIn(text)), {
        error: ({ input }) =>
          `reason \`${reasonIn(input)}\` is not known; ${didYouMean(reasonIn(input), Object.keys(REASONS))}`,
      }),
  })
  .refine((row) => (row.request === undefined) !== (row.use === undefined), 'write one of `request` and `use`');

function reasonIn(text: unknown): string {
  return EXPECT.exec(String(text))?.[2] ?? '';
}

const schema = z.strictObject({
  version: z.literal(1),
  /** What the contracts of the file leave out. */
  task: taskSchema,
  contracts: z.array(contractSchema).min(1).max(10_000),
});

export interface Expectation {
  readonly effect: 'allow' | 'deny';
  readonly reason: ReasonCode;
  /** Null: whichever. */
  readonly capability: string | null;
}

export type ContractTask = z.infer<typeof taskSchema>;

export interface Contract extends Omit<z.infer<typeof contractSchema>, 'task' | 'expect'> {
  readonly file: string;
  readonly line: number;
  readonly task: ContractTask;
  readonly expect: Expectation;
}

export function parseContracts(file: string, text: string): Result<Contract[], Problem[]> {
  const yaml = parseYamlFile(file, text, schema);
  if (!yaml.ok) return yaml;
  const { value, line } = yaml.value;
  return ok(
    value.contracts.map((row, i) => ({
      ...row,
      file,
      line: line(['contracts', i]),
      task: row.task ?? value.task,
      expect: expectation(row.expect),
    })),
  );
}

function expectation(text: string): Expectation {
  const [, effect, reason, capability] = EXPECT.exec(text) ?? [];
  return { effect: effect as 'allow' | 'deny', reason: reason as ReasonCode, capability: capability ?? null };
}
