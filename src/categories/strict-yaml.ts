/**
 * YAML that a person edits, read strictly: one document, no duplicate or unknown key, and every problem with the line
 * it stands on. The schema is the single source of what is allowed.
 */

import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { err, ok, type Problem, type Result } from '../core/result.ts';

export interface StrictYaml<T> {
  readonly value: T;
  /** 1-based line of the node at a path, or of its nearest ancestor that exists. */
  lineAt(path: readonly PropertyKey[]): number;
}

/** Parses and validates; `file` is only for messages. */
export function parseStrictYaml<T>(file: string, text: string, schema: z.ZodType<T>): Result<StrictYaml<T>, Problem[]> {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, version: '1.2' });
  const broken = [...doc.errors, ...doc.warnings];
  if (broken.length > 0) {
    return err(broken.map((e) => ({ file, ...at(lines, e.pos[0]), message: lowerFirst(e.message) })));
  }
  const parsed = schema.safeParse(doc.toJS({ maxAliasCount: 0 }));
  if (!parsed.success) {
    return err(parsed.error.issues.map((i) => ({ file, ...position(doc, lines, i.path), message: issueText(i) })));
  }
  return ok({ value: parsed.data, lineAt: (path) => position(doc, lines, path).line });
}

function position(doc: Document.Parsed, lines: LineCounter, path: readonly PropertyKey[]) {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const node = doc.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return at(lines, node.range[0]);
  }
  return { line: 1, column: 1 };
}

function at(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function issueText(issue: z.core.$ZodIssue): string {
  const where = issue.path.length > 0 ? `\`${issue.path.join('.')}\`: ` : '';
  return `${where}${lowerFirst(issue.message)}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
