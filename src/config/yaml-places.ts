/** A YAML document with the place of every node, so that a problem names its line. */

import { type ErrorCode, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { err, ok, type Problem, type Result } from '../core/result.ts';

export interface PlacedYaml {
  readonly value: unknown;
  /** 1-based; the place of the key at a path, or of its nearest ancestor that is there. */
  place(path: readonly PropertyKey[]): { readonly line: number; readonly column: number };
}

/** Strict YAML 1.2: one document, unique keys, no aliases. */
export function readYaml(file: string, text: string): Result<PlacedYaml, Problem[]> {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const broken = [...doc.errors, ...doc.warnings];
  if (broken.length > 0)
    return err(broken.map((e) => ({ file, ...at(e.pos[0]), message: MESSAGES[e.code] ?? lower(e.message) })));
  try {
    const value: unknown = doc.toJS({ maxAliasCount: 0 });
    return ok({ value, place: (path) => at(offsetOf(doc.contents, path)) });
  } catch {
    return err([{ file, line: 1, column: 1, message: 'aliases are not accepted; write the value out' }]);
  }
}

function offsetOf(root: unknown, path: readonly PropertyKey[]): number {
  let node = root;
  let offset = rangeStart(root) ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (!pair) break;
      offset = rangeStart(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = rangeStart(node) ?? offset;
    } else break;
  }
  return offset;
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | null)?.range?.[0];
}

/** Where the parser's own words are for those who call it. */
const MESSAGES: Partial<Record<ErrorCode, string>> = {
  MULTIPLE_DOCS: 'a second document begins here; write one, without `---` between',
};

function lower(message: string): string {
  const line = message.split('\n')[0] ?? message;
  return (line.charAt(0).toLowerCase() + line.slice(1)).replace(/[.:]$/, '');
}
