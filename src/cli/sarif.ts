/** Findings as SARIF 2.1.0 (OASIS), for code scanning and editors. No value is in it, only places. */

import { createHash } from 'node:crypto';
import { isAbsolute, relative, resolve } from 'node:path';
import type { CompiledRule } from '../dlp/compiled-rule.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import type { Found } from '../dlp/stream-scanner.ts';

const LEVELS: Readonly<Record<string, string>> = { critical: 'error', high: 'error', medium: 'warning', low: 'note' };

/** How bad GitHub's code scanning shows a finding: `critical` is above nine, `high` from seven on. */
const SECURITY: Readonly<Record<string, string>> = { critical: '9.5', high: '8.0', medium: '5.5', low: '2.0' };

export interface SarifFile {
  readonly file: string;
  readonly findings: readonly Found[];
}

export interface SarifRun {
  readonly files: readonly SarifFile[];
  /** What was not looked at: code scanning would take it for clean. */
  readonly unread: readonly { readonly file: string; readonly why: string }[];
  readonly rules: RuleSet;
  readonly version: string;
  /** Files below it are named relative to it. */
  readonly cwd: string;
}

export function sarifOf({ files, unread, rules, version, cwd }: SarifRun): object {
  const used = [...new Set(files.flatMap(({ findings }) => findings.map(({ rule }) => rule.spec.id)))].sort();
  const byId = new Map(rules.rules.map((rule) => [rule.spec.id, rule]));
  const described = used.map((id) => descriptorOf(id, byId.get(id)?.spec));
  const index = new Map(used.map((id, i) => [id, i]));
  const results = files.flatMap(({ file, findings }) => {
    const uri = uriOf(file, cwd);
    const seen = new Map<string, number>();
    return findings.map((found) => {
      const { id } = found.rule.spec;
      const nth = (seen.get(id) ?? 0) + 1;
      seen.set(id, nth);
      return resultOf(found, { uri, nth, ruleIndex: index.get(id) ?? -1 });
    });
  });
  const invocation = {
    executionSuccessful: unread.length === 0,
    toolExecutionNotifications: unread.map(({ file, why }) => ({
      level: 'error',
      message: { text: `not scanned: ${why}` },
      locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file, cwd) } } }],
    })),
  };
  const driver = { name: 'locktender', version, rules: described };
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, invocations: [invocation], columnKind: 'unicodeCodePoints', results }],
  };
}

/** With all that code scanning asks of a rule. */
function descriptorOf(id: string, spec: CompiledRule['spec'] | undefined): object {
  const kind = spec?.kind ?? 'secret';
  const text = spec?.description ?? id;
  return {
    id,
    name: spec?.info_type ?? id,
    shortDescription: { text },
    fullDescription: { text },
    help: {
      text: `Take the value out of the file; what is a secret must be replaced where it is in force as well. Where it may stand, say so under \`allow\` of the rule \`${id}\`.`,
    },
    defaultConfiguration: { level: LEVELS[spec?.severity ?? ''] ?? 'warning' },
    properties: {
      kind,
      tags: ['security', kind],
      'security-severity': SECURITY[spec?.severity ?? ''] ?? '5.5',
    },
  };
}

interface Placed {
  readonly uri: string;
  /** Which finding of its rule it is in the file, from one. */
  readonly nth: number;
  readonly ruleIndex: number;
}

function resultOf(found: Found, { uri, nth, ruleIndex }: Placed): object {
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
    ruleIndex,
    level: LEVELS[rule.spec.severity] ?? 'warning',
    message: {
      text: `${rule.spec.description} (${rule.spec.info_type}, ${likelihood.toLowerCase().replace('_', ' ')})`,
    },
    locations: [{ physicalLocation: { artifactLocation: { uri }, region } }],
    // Of the place alone: of the value it could be tried against a list. Lines that move leave it as it is.
    partialFingerprints: { 'locktenderPlace/v1': digestOf([rule.spec.id, uri, String(nth)]) },
    properties: { likelihood },
  };
}

function digestOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** Percent-encoded, relative where the file lies below the working directory, else with its scheme; stdin has none, so a name. */
function uriOf(file: string, cwd: string): string {
  if (file === '-') return 'stdin';
  const path = resolve(cwd, file);
  const below = relative(cwd, path);
  const encoded = (text: string) => text.split('/').map(encodeURIComponent).join('/');
  return below === '' || below.startsWith('../') || isAbsolute(below) ? `file://${encoded(path)}` : encoded(below);
}
