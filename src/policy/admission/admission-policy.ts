/** Admission policy files: Cedar text and schema, checked against each other before they load. */

import type { DetailedError, PolicyJson, SourceLabel, ValidationAnswer } from '@cedar-policy/cedar-wasm/nodejs';
import { err, ok, type Problem, type Result } from '../../core/result.ts';
import { cedar } from './cedar.ts';
import { tooDeep } from './cedar-bounds.ts';
import { entitiesIn } from './cedar-terms.ts';

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export interface AdmissionPolicy {
  readonly schema: string;
  /** Policy text by id. */
  readonly policies: Readonly<Record<string, string>>;
  /** The same as Cedar reads it, by id. */
  readonly parsed: ReadonlyMap<string, PolicyJson>;
  /** Where each stands. */
  readonly places: ReadonlyMap<string, { readonly file: string; readonly line: number }>;
  /** Capabilities that some policy names by hand; the others can differ only by their risk. */
  readonly named: ReadonlySet<string>;
}

/** Entity types and actions that `admission.ts` fills in; a schema without them could not be asked anything. */
const WANTED = ['Caller', 'Profile', 'Capability', 'run', 'hold'];

/** `schema` is the one schema file; `files` are the `.cedar` files. */
export function compileAdmissionPolicy(
  schema: TextFile,
  files: readonly TextFile[],
): Result<AdmissionPolicy, Problem[]> {
  const problems = schemaProblems(schema);
  if (files.length === 0)
    problems.push(
      whole(schema.path, 'there is no admission policy, so nobody could run anything; add a `.cedar` file'),
    );
  const deep = files.flatMap((file) => boundProblems(file, 'policy'));
  if (deep.length > 0) return err([...problems, ...deep]);
  if (problems.length === 0) problems.push(...files.flatMap((file) => validationProblems(schema, file)));
  const policies = new Map<string, Part>();
  for (const part of files.flatMap(partsOf)) {
    const { id, line } = part;
    if (id === null) problems.push({ ...whole(part.file, 'a policy has no `@id`; add one'), line });
    else if (policies.has(id))
      problems.push({ ...whole(part.file, `policy \`${id}\` is defined twice; rename one`), line });
    else policies.set(id, part);
  }
  if (problems.length > 0) return err(problems);
  const rows = [...policies];
  const parsed = new Map(rows.flatMap(([id, { json }]) => (json ? [[id, json] as const] : [])));
  const named = [...parsed.values()].flatMap(entitiesIn).filter(({ type }) => type === 'Capability');
  return ok({
    schema: schema.text,
    // Object.fromEntries makes own properties, whatever the ids.
    policies: Object.fromEntries(rows.map(([id, { text }]) => [id, text])),
    parsed,
    places: new Map(rows.map(([id, { file, line }]) => [id, { file, line }])),
    named: new Set(named.map(({ id }) => id)),
  });
}

/** What admission fills in of an action; a schema that wants more could not be asked anything. */
const SAMPLE = { kind: 'isolate', tenant: 'a', class: 'a', risk: 0 };
const CONTEXTS = [
  ['run', SAMPLE],
  ['hold', { ...SAMPLE, profile: 'a', capability_risk: 1 }],
] as const;

function schemaProblems(schema: TextFile): Problem[] {
  const deep = boundProblems(schema, 'schema');
  if (deep.length > 0) return deep;
  const read = cedar().checkParseSchema(schema.text);
  if (read.type === 'failure') return read.errors.map((e) => problemAt(schema, e));
  const missing = WANTED.filter((word) => !new RegExp(`\\b${word}\\b`).test(schema.text)).map((word) =>
    whole(schema.path, `the schema does not declare \`${word}\`; add it`),
  );
  if (missing.length > 0) return missing;
  return CONTEXTS.flatMap(([id, context]) => {
    const fits = cedar().checkParseContext({ context, schema: schema.text, action: { type: 'Action', id } });
    if (fits.type === 'success') return [];
    const why = fits.errors.map((e) => e.message.replaceAll(/\s+/g, ' ')).join('; ');
    return [whole(schema.path, `the context of \`${id}\` is not what admission fills in: ${why}`)];
  });
}

function boundProblems({ path, text }: TextFile, kind: 'policy' | 'schema'): Problem[] {
  const deep = tooDeep(text, kind);
  if (!deep) return [];
  const lines = text.slice(0, deep.at).split('\n');
  return [{ file: path, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, message: deep.message }];
}

function whole(file: string, message: string): Problem {
  return { file, line: 0, column: 0, message };
}

interface Part {
  readonly file: string;
  readonly id: string | null;
  readonly text: string;
  readonly line: number;
  readonly json: PolicyJson | null;
}

function partsOf(file: TextFile): Part[] {
  const parts = cedar().policySetTextToParts(file.text);
  if (parts.type === 'failure') return [];
  let from = 0;
  return parts.policies.map((text) => {
    const at = file.text.indexOf(text.slice(0, 40), from);
    if (at >= 0) from = at + 1;
    const answer = cedar().policyToJson(text);
    const json = answer.type === 'success' ? answer.json : null;
    return {
      file: file.path,
      id: json?.annotations?.['id'] ?? null,
      text,
      json,
      line: position(file.text, Math.max(0, at)).line,
    };
  });
}

function validationProblems(schema: TextFile, file: TextFile): Problem[] {
  const answer: ValidationAnswer = cedar().validate({ schema: schema.text, policies: { staticPolicies: file.text } });
  if (answer.type === 'failure') return answer.errors.map((e) => problemAt(file, e));
  return answer.validationErrors.map(({ error }) => problemAt(file, error));
}

function problemAt(file: TextFile, { message, help, sourceLocations: labels }: DetailedError): Problem {
  return {
    file: file.path,
    ...position(file.text, (labels as SourceLabel[] | undefined)?.[0]?.start ?? 0),
    message: `${message.replaceAll(/\s+/g, ' ').trim()}${help ? `; ${help}` : ''}`,
  };
}

function position(text: string, byteOffset: number): { line: number; column: number } {
  // Cedar counts UTF-8 bytes; policy files are near enough to ASCII that decoding the head is cheap and exact.
  const head = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, byteOffset));
  const lines = head.split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
