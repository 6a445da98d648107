/** Findings as SARIF 2.1.0 (OASIS), for code scanning and editors. No value is in it, only places. */

import type { RuleSet } from '../dlp/compiled-rules.ts';
import type { Found } from '../dlp/stream-scanner.ts';

const LEVELS: Readonly<Record<string, string>> = { critical: 'error', high: 'error', medium: 'warning', low: 'note' };

export interface SarifFile {
  readonly file: string;
  readonly findings: readonly Found[];
}

export function sarifOf(files: readonly SarifFile[], { rules }: RuleSet, version: string): object {
  const used = [...new Set(files.flatMap(({ findings }) => findings.map(({ rule }) => rule.spec.id)))].sort();
  const byId = new Map(rules.map((rule) => [rule.spec.id, rule]));
  const described = used.map((id) => {
    const spec = byId.get(id)?.spec;
    return {
      id,
      name: spec?.info_type ?? id,
      shortDescription: { text: spec?.description ?? id },
      defaultConfiguration: { level: LEVELS[spec?.severity ?? ''] ?? 'warning' },
      properties: { kind: spec?.kind ?? 'secret', tags: ['security', spec?.kind ?? 'secret'] },
    };
  });
  const index = new Map(used.map((id, i) => [id, i]));
  const results = files.flatMap(({ file, findings }) => findings.map((found) => resultOf(file, found, index)));
  const driver = {
    name: 'locktender',
    version,
    rules: described,
  };
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, columnKind: 'unicodeCodePoints', results }],
  };
}

function resultOf(file: string, found: Found, index: ReadonlyMap<string, number>): object {
  const { rule, start, end, from, to, likelihood } = found;
  const region = {
    startLine: from.line,
    startColumn: from.column,
    endLine: to.line,
    endColumn: to.column,
    byteOffset: start,
    byteLength: end - start,
  };
  return {
    ruleId: rule.spec.id,
    ruleIndex: index.get(rule.spec.id) ?? -1,
    level: LEVELS[rule.spec.severity] ?? 'warning',
    message: {
      text: `${rule.spec.description} (${rule.spec.info_type}, ${likelihood.toLowerCase().replace('_', ' ')})`,
    },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, region } }],
    properties: { likelihood },
  };
}

/** A relative reference, percent-encoded; stdin has none, so a name. */
function uriOf(file: string): string {
  return file === '-' ? 'stdin' : file.split('/').map(encodeURIComponent).join('/');
}
