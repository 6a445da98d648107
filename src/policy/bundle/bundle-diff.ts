/** What differs between two bundles: capabilities, profiles, classes, policy files; and the requests their contracts name. */

import { ok, type Problem, type Result } from '../../core/result.ts';
import { type Contract, parseContracts } from '../trials/contract-file.ts';
import type { WhatIf } from '../trials/what-if.ts';
import type { Bundle } from './bundle.ts';

export interface BundleChange {
  readonly kind: 'capability' | 'profile' | 'class' | 'file';
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Text before and after, null where there is none; a class is shown as JSON. */
  readonly before: string | null;
  readonly after: string | null;
}

type Kind = BundleChange['kind'];

const KINDS: readonly Kind[] = ['capability', 'profile', 'class', 'file'];
const CONTRACTS = /(^|\/)policy\/contracts\//;

/** Sorted by kind, then by name. */
export function bundleChanges(a: Bundle, b: Bundle): BundleChange[] {
  return KINDS.flatMap((kind) => compare(kind, textsOf(a, kind), textsOf(b, kind)));
}

/** Contracts of a bundle's own files; the error is of the first file that is none. */
export function contractsOf(bundle: Pick<Bundle, 'files'>): Result<Contract[], Problem[]> {
  const all: Contract[] = [];
  for (const file of bundle.files.filter(({ path }) => CONTRACTS.test(path))) {
    const parsed = parseContracts(file.path, file.text);
    if (!parsed.ok) return parsed;
    all.push(...parsed.value);
  }
  return ok(all);
}

/** The request of a contract, when it is one that can be asked without an exchange. */
export function questionOf({ request, task }: Contract): WhatIf[] {
  const [method, url] = request?.split(' ') ?? [];
  if (method === undefined || url === undefined || method === 'CONNECT') return [];
  const { tenant, class: name, profile, risk } = task;
  return [{ tenant, class: name, profile, risk, method, url }];
}

function textsOf(bundle: Bundle, kind: Kind): ReadonlyMap<string, string> {
  const text = (file: string) => bundle.files.find(({ path }) => path === file)?.text ?? '';
  switch (kind) {
    case 'capability':
      return new Map([...bundle.capabilities].map(([name, { file }]) => [name, text(file)]));
    case 'profile':
      return new Map([...bundle.profiles].map(([name, { file }]) => [name, text(file)]));
    case 'class':
      return new Map(
        [...bundle.classes.byName].map(([name, c]) => [name, JSON.stringify([c.profile, c.profiles], null, 2)]),
      );
    case 'file':
      return new Map(bundle.files.filter((f) => /\/policy\//.test(`/${f.path}`)).map((f) => [f.path, f.text]));
  }
}

function compare(kind: Kind, was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): BundleChange[] {
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((name): BundleChange[] => {
    const [before, after] = [was.get(name) ?? null, is.get(name) ?? null];
    if (before === after) return [];
    const change = before === null ? 'added' : after === null ? 'removed' : 'changed';
    return [{ kind, name, change, before, after }];
  });
}
