/**
 * What a Cedar statement says, read from its parsed form: the entities that it names, what it compares, and whether it
 * binds at all. Text is no guide: `Capability :: "x"` and `"a\u{2e}b"` name what `Capability::"x"` and `"a.b"` name.
 */

import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

export interface EntityTerm {
  readonly type: string;
  readonly id: string;
}

/** One comparison of an attribute of the context with a constant; `contains` is a set that must hold it. */
export interface Comparison {
  readonly attribute: string;
  readonly sign: '==' | '!=' | '<' | '<=' | '>' | '>=' | 'contains';
  readonly values: readonly (string | number | boolean)[];
}

/** Every entity that the statement names, wherever it stands. */
export function entitiesIn(policy: PolicyJson): EntityTerm[] {
  const out: EntityTerm[] = [];
  visit(policy, (node) => {
    const { type, id } = node as { type?: unknown; id?: unknown };
    if (typeof type === 'string' && typeof id === 'string') out.push({ type, id });
  });
  return out;
}

/** Every comparison of the context with constants, whether or not it must hold. */
export function comparisonsIn(policy: PolicyJson): Comparison[] {
  const out: Comparison[] = [];
  visit(policy.conditions, (node) => {
    const one = comparison(node as Expr);
    if (one) out.push(one);
  });
  return out;
}

/** What must hold together for the statement to apply; parts that are no plain comparison are left out. */
export function demandsOf({ conditions }: PolicyJson): { readonly demands: Comparison[]; readonly never: boolean } {
  const parts = conditions.flatMap(({ kind, body }) => (kind === 'when' ? conjuncts(body) : []));
  const denied = conditions.some(({ kind, body }) => kind === 'unless' && isValue(body, true));
  const demands = parts.map(comparison).filter((one) => one !== null);
  return { demands, never: denied || parts.some((part) => isValue(part, false)) };
}

function conjuncts(body: Expr): Expr[] {
  const both = (body as { '&&'?: { left: Expr; right: Expr } })['&&'];
  return both ? [...conjuncts(both.left), ...conjuncts(both.right)] : [body];
}

function isValue(body: Expr, value: boolean): boolean {
  return (body as { Value?: unknown }).Value === value;
}

const SIGNS = ['==', '!=', '<', '<=', '>', '>='] as const;
const TURNED = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

function comparison(node: Expr): Comparison | null {
  const record = node as Record<string, { left?: Expr; right?: Expr } | undefined>;
  const held = record['contains'];
  if (held?.left && held.right) return set(held.left, held.right);
  for (const sign of SIGNS) {
    const { left, right } = record[sign] ?? {};
    if (!left || !right) continue;
    const [there, here] = [attributeOf(left), attributeOf(right)];
    if (there !== null && here === null) return one(there, sign, right);
    if (here !== null && there === null) return one(here, TURNED[sign], left);
  }
  return null;
}

function one(attribute: string, sign: Comparison['sign'], side: Expr): Comparison | null {
  const value = constant(side);
  return value === null ? null : { attribute, sign, values: [value] };
}

function set(left: Expr, right: Expr): Comparison | null {
  const attribute = attributeOf(right);
  const members = (left as { Set?: Expr[] }).Set?.map(constant);
  if (attribute === null || !members || members.some((value) => value === null)) return null;
  return { attribute, sign: 'contains', values: members.filter((value) => value !== null) };
}

function attributeOf(node: Expr): string | null {
  const access = (node as { '.'?: { left: Expr; attr: string } })['.'];
  return access && (access.left as { Var?: string }).Var === 'context' ? access.attr : null;
}

function constant(node: Expr): string | number | boolean | null {
  const value = (node as { Value?: unknown }).Value;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function visit(node: unknown, see: (node: object) => void): void {
  if (typeof node !== 'object' || node === null) return;
  see(node);
  for (const value of Object.values(node)) visit(value, see);
}
