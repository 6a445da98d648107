/** Admission policy files: Cedar text and schema, checked against each other before they load. */

import {
  policySetTextToParts,
  policyToJson,
  type SourceLabel,
  type ValidationAnswer,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';
import { err, ok, type Problem, type Result } from '../core/result.ts';

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export interface AdmissionPolicy {
  readonly schema: string;
  /** Policy text by id. */
  readonly policies: Readonly<Record<string, string>>;
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
  const problems: Problem[] = WANTED.filter((word) => !new RegExp(`\\b${word}\\b`).test(schema.text)).map((word) =>
    whole(schema.path, `the schema does not declare \`${word}\`; add it`),
  );
  const policies: Record<string, string> = {};
  const places = new Map<string, { file: string; line: number }>();
  for (const file of files) {
    problems.push(...validationProblems(schema, file));
    for (const part of partsOf(file)) {
      if (part.id === null) problems.push({ ...whole(file.path, 'a policy has no `@id`; add one'), line: part.line });
      else if (part.id in policies)
        problems.push({ ...whole(file.path, `policy \`${part.id}\` is defined twice; rename one`), line: part.line });
      else {
        policies[part.id] = part.text;
        places.set(part.id, { file: file.path, line: part.line });
      }
    }
  }
  if (files.length === 0)
    problems.push(
      whole(schema.path, 'there is no admission policy, so nobody could run anything; add a `.cedar` file'),
    );
  if (problems.length > 0) return err(problems);
  const named = new Set(
    Object.values(policies).flatMap((text) => [...text.matchAll(/Capability::"([^"]*)"/g)].map((m) => m[1] ?? '')),
  );
  return ok({ schema: schema.text, policies, places, named });
}

function whole(file: string, message: string): Problem {
  return { file, line: 0, column: 0, message };
}

function partsOf(file: TextFile): { id: string | null; text: string; line: number }[] {
  const parts = policySetTextToParts(file.text);
  if (parts.type === 'failure') return [];
  let from = 0;
  return parts.policies.map((text) => {
    const at = file.text.indexOf(text.slice(0, 40), from);
    if (at >= 0) from = at + 1;
    const json = policyToJson(text);
    const id = json.type === 'success' ? json.json.annotations?.['id'] : undefined;
    return { id: id ?? null, text, line: position(file.text, Math.max(0, at)).line };
  });
}

function validationProblems(schema: TextFile, file: TextFile): Problem[] {
  const answer: ValidationAnswer = validate({ schema: schema.text, policies: { staticPolicies: file.text } });
  const say = (message: string, labels: readonly SourceLabel[] | undefined, help: string | null): Problem => ({
    file: file.path,
    ...position(file.text, labels?.[0]?.start ?? 0),
    message: `${message.replaceAll(/\s+/g, ' ').trim()}${help ? `; ${help}` : ''}`,
  });
  if (answer.type === 'failure') return answer.errors.map((e) => say(e.message, e.sourceLocations, e.help));
  return answer.validationErrors.map(({ error: e }) => say(e.message, e.sourceLocations, e.help));
}

function position(text: string, byteOffset: number): { line: number; column: number } {
  // Cedar counts UTF-8 bytes; policy files are near enough to ASCII that decoding the head is cheap and exact.
  const head = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, byteOffset));
  const lines = head.split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
