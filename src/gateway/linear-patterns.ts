/**
 * The patterns of a tool's schema, matched in linear time: tool code says what they meet, and what V8's own engine makes of
 * `\S+@\S+` and a long text keeps the whole appliance waiting (T-60).
 */

import RE2 from 're2';

/** Throws where a pattern is none that RE2 knows. @param schema of zod, changed in place */
export function matchInLinearTime<T extends object>(schema: T): T {
  visit(schema, new Set());
  return schema;
}

function visit(value: unknown, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || seen.has(value) || value instanceof RegExp) return;
  seen.add(value);
  const { def } = (value as { readonly _zod?: { readonly def: { format?: unknown; pattern?: unknown } } })._zod ?? {};
  // Those of formats are the library's, and known not to go back.
  if (def?.format === 'regex' && def.pattern instanceof RegExp) def.pattern = new RE2(def.pattern);
  for (const inner of Object.values(def ?? value)) visit(inner, seen);
}
