/**
 * YAML that a person edits, read strictly: one document, no anchors, no duplicate and no unknown key; every problem
 * with file, line and column, and with the nearest name that would have been right.
 */

import {
  type ErrorCode,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml';
import type { z } from 'zod';
import { didYouMean } from './nearest.ts';
import { err, ok, type Problem, type Result } from './result.ts';

/** Where the parser speaks to programmers. */
const MESSAGES: Partial<Record<ErrorCode, string>> = {
  MULTIPLE_DOCS: 'a second document begins here; write one, without `---` between',
};

export interface YamlFile<T> {
  readonly file: string;
  readonly value: T;
  /** A problem at the node of a path (or its nearest ancestor that exists). */
  problem(path: readonly PropertyKey[], message: string): Problem;
  /** 1-based line of the node at a path, or of its nearest ancestor. */
  line(path: readonly PropertyKey[]): number;
}

/** Parses and validates; `file` is used for messages only. */
export function parseYamlFile<T>(file: string, text: string, schema: z.ZodType<T>): Result<YamlFile<T>, Problem[]> {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, version: '1.2' });
  const broken = [...doc.errors, ...doc.warnings];
  if (broken.length > 0) {
    return err(
      broken.map((e) => ({ file, ...place(lines, e.pos[0]), message: MESSAGES[e.code] ?? sentence(e.message) })),
    );
  }
  const where = (path: readonly PropertyKey[]) => position(doc.contents, lines, path);
  const problem = (path: readonly PropertyKey[], message: string): Problem => ({ file, ...where(path), message });
  const alias = firstAlias(doc.contents);
  if (alias !== null)
    return err([{ file, ...place(lines, alias), message: 'aliases are not read; write the value out' }]);
  const parsed = schema.safeParse(doc.toJS({ maxAliasCount: 0 }));
  if (!parsed.success) return err(parsed.error.issues.flatMap((issue) => issueProblems(issue, schema, problem)));
  return ok({ file, value: parsed.data, problem, line: (path) => where(path).line });
}

/** Offset of the first alias; null when there is none. */
function firstAlias(root: ParsedNode | null): number | null {
  let found: number | null = null;
  visit(root, {
    Alias: (_, node) => {
      found = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return found;
}

function issueProblems(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  problem: (path: readonly PropertyKey[], message: string) => Problem,
): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => problem([...issue.path, key], `unknown key \`${key}\`; ${didYouMean(key, known)}`));
  }
  const where = issue.path.length > 0 ? `\`${issue.path.join('.')}\`: ` : '';
  return [problem(issue.path, `${where}${sentence(issue.message)}`)];
}

/** Keys that the schema knows at a path: best effort, only for suggestions. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema;
  for (const step of path) at = child(unwrap(at), step);
  const shape = (unwrap(at) as { shape?: object } | undefined)?.shape;
  return shape ? Object.keys(shape) : [];
}

function child(schema: unknown, step: PropertyKey): unknown {
  const s = schema as { shape?: Record<PropertyKey, unknown>; element?: unknown; valueType?: unknown } | undefined;
  return s?.shape?.[step] ?? s?.element ?? s?.valueType;
}

function unwrap(schema: unknown): unknown {
  let at = schema as { def?: { innerType?: unknown; in?: unknown } } | undefined;
  while (at?.def && (at.def.innerType ?? at.def.in)) at = (at.def.innerType ?? at.def.in) as typeof at;
  return at;
}

function position(root: ParsedNode | null, lines: LineCounter, path: readonly PropertyKey[]) {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const step of path) {
    const next = childOf(node, step);
    if (!next) break;
    offset = next.offset;
    node = next.value;
  }
  return place(lines, offset);
}

function childOf(node: unknown, step: PropertyKey): { offset: number; value: unknown } | null {
  if (isMap(node)) {
    const pair = node.items.find((p) => isPair(p) && isScalar(p.key) && p.key.value === step);
    const key = pair?.key;
    return pair && isNode(key) && key.range ? { offset: key.range[0], value: pair.value } : null;
  }
  const items = (node as { items?: unknown[] } | null)?.items;
  const item = typeof step === 'number' ? items?.[step] : undefined;
  return isNode(item) && item.range ? { offset: item.range[0], value: item } : null;
}

function place(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function sentence(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
