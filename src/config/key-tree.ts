/** The schema seen as a tree of keys: for suggestions, for environment variables and for the reference page. */

import type { z } from 'zod';
import { configSchema } from './schema.ts';
import { PATHS } from './schema-kinds.ts';

export interface ConfigKey {
  readonly path: readonly string[];
  readonly schema: z.ZodType;
  readonly description: string;
}

interface Def {
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly shape?: Record<string, z.ZodType>;
  readonly element?: z.ZodType;
}

/** The schema under defaults, optionals and transforms. */
export function inner(schema: z.ZodType): z.ZodType {
  let at = schema;
  for (;;) {
    const def = at.def as unknown as Def;
    const next = def.innerType ?? def.in;
    if (!next) return at;
    at = next;
  }
}

/** The keys of an object schema; null for anything else. */
export function shapeOf(schema: z.ZodType): Record<string, z.ZodType> | null {
  return (inner(schema).def as unknown as Def).shape ?? null;
}

export function elementOf(schema: z.ZodType): z.ZodType | null {
  return (inner(schema).def as unknown as Def).element ?? null;
}

/** Sections and leaves, in the order of the schema. */
export function configKeys(schema: z.ZodType = configSchema, above: readonly string[] = []): ConfigKey[] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([name, child]) => {
    const path = [...above, name];
    return [{ path, schema: child, description: describe(child) }, ...configKeys(child, path)];
  });
}

/** Names that a key may have at this path; empty where any or none may stand. */
export function namesAt(path: readonly PropertyKey[]): string[] {
  let at: z.ZodType | null = configSchema;
  for (const step of path) {
    if (!at) return [];
    at = typeof step === 'number' ? elementOf(at) : (shapeOf(at)?.[String(step)] ?? null);
  }
  return at ? Object.keys(shapeOf(at) ?? {}) : [];
}

/** Is its value a path? */
export function isPath(schema: z.ZodType): boolean {
  return PATHS.get(inner(schema)) !== undefined;
}

/** What the schema says of itself, under defaults and optionals. */
export function describe(schema: z.ZodType): string {
  let at: z.ZodType | undefined = schema;
  while (at) {
    if (at.description) return at.description;
    const def = at.def as unknown as Def;
    at = def.innerType ?? def.in;
  }
  return '';
}
