/**
 * Renders the chart as `helm template` does, for the part of its language that the chart keeps to: values, `quote`,
 * `toYaml | nindent`, `range` over a list, `if` on a value or `eq`. Anything else is an error, and so are unknown values.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { parse, parseAllDocuments, stringify } from 'yaml';

const CHART = new URL('../../deploy/helm/locktender/', import.meta.url);

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly [key: string]: unknown;
}

export type Values = Record<string, unknown>;

export const chartFile = (path: string): string => readFileSync(new URL(path, CHART), 'utf8');

export const chartValues = (): Values => parse(chartFile('values.yaml')) as Values;

/** Every object of every template, in the order of their files. */
export function renderChart(values: Values, release = { Name: 'gate', Namespace: 'locktender' }): KubernetesObject[] {
  const names = readdirSync(new URL('templates/', CHART)).filter((name) => name.endsWith('.yaml'));
  return names.flatMap((name) => {
    const text = renderText(chartFile(`templates/${name}`), { Values: values, Release: release });
    const documents = text.trim() === '' ? [] : parseAllDocuments(text);
    return documents.flatMap((document) => {
      if (document.errors.length > 0) throw new Error(`${name}: ${document.errors.join('; ')}`);
      // Of a template that a value switches off nothing is left.
      const object = document.toJS() as KubernetesObject | null;
      return object === null ? [] : [object];
    });
  });
}

interface Scope {
  readonly root: Values;
  readonly dot: unknown;
}

/** The text of one template. */
export function renderText(text: string, root: Values): string {
  const tokens = text.replaceAll(/\s*\{\{- /g, '{{ ').split(/\{\{ (.*?) \}\}/);
  const at = { index: 0 };
  return renderUntilEnd(tokens, at, { root, dot: root });
}

/** Even tokens are text, odd ones actions; stops behind the `end` that closes this block. */
function renderUntilEnd(tokens: readonly string[], at: { index: number }, scope: Scope): string {
  let out = '';
  while (at.index < tokens.length) {
    const token = tokens[at.index] ?? '';
    const isText = at.index % 2 === 0;
    at.index += 1;
    if (isText) out += token;
    else if (token === 'end') return out;
    else out += action(token, { tokens, at, scope });
  }
  return out;
}

function action(token: string, where: { tokens: readonly string[]; at: { index: number }; scope: Scope }): string {
  const { tokens, at, scope } = where;
  const block = /^(range|if) (.+)$/.exec(token);
  if (!block) return expression(token, scope);
  const [, kind, condition = ''] = block;
  const start = at.index;
  const rounds =
    kind === 'range' ? (lookUp(condition, scope) as unknown[]) : holds(condition, scope) ? [scope.dot] : [];
  const out = rounds.map((dot) => {
    at.index = start;
    return renderUntilEnd(tokens, at, { ...scope, dot });
  });
  if (rounds.length === 0) skipBlock(tokens, at);
  return out.join('');
}

function skipBlock(tokens: readonly string[], at: { index: number }): void {
  for (let depth = 1; depth > 0; at.index += 2) {
    const token = tokens[at.index % 2 === 1 ? at.index : ++at.index];
    if (token === undefined) throw new Error('a block without its end');
    if (token === 'end') depth -= 1;
    else if (/^(range|if) /.test(token)) depth += 1;
  }
  at.index -= 1;
}

function holds(condition: string, scope: Scope): boolean {
  const equal = /^eq (\S+) "(.*)"$/.exec(condition);
  if (equal) return lookUp(equal[1] ?? '', scope) === equal[2];
  const value = lookUp(condition, scope);
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function expression(token: string, scope: Scope): string {
  const yaml = /^toYaml (\S+) \| nindent (\d+)$/.exec(token);
  if (yaml) {
    const indent = ' '.repeat(Number(yaml[2]));
    return stringify(lookUp(yaml[1] ?? '', scope))
      .trimEnd()
      .replaceAll(/^/gm, indent)
      .replace(/^/, '\n');
  }
  const quoted = /^(\S+) \| quote$/.exec(token);
  return quoted ? JSON.stringify(String(lookUp(quoted[1] ?? '', scope))) : String(lookUp(token, scope));
}

function lookUp(path: string, scope: Scope): unknown {
  if (!/^\$?(\.\w*)+$/.test(path)) throw new Error(`\`${path}\` is beyond what the chart may use`);
  const keys = path
    .replace(/^\$/, '')
    .split('.')
    .filter((key) => key !== '');
  return keys.reduce<unknown>(
    (value, key) => {
      const next = (value as Values)[key];
      if (next === undefined) throw new Error(`\`${path}\` is not a value of the chart`);
      return next;
    },
    path.startsWith('$') ? scope.root : scope.dot,
  );
}
