/**
 * Canonical JSON, RFC 8785 (JSON Canonicalization Scheme): one value, one byte string, so that a hash means something.
 * Keys are sorted by UTF-16 code units; numbers and strings are written as ECMAScript writes them.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Throws on what JSON cannot say: NaN, infinities, lone surrogates. Keys whose value is `undefined` are left out. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('canonical JSON has no NaN or infinity');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item as Json)).join(',')}]`;
  return object(value as { readonly [key: string]: Json | undefined });
}

function object(value: { readonly [key: string]: Json | undefined }): string {
  let out = '';
  for (const key of Object.keys(value).sort()) {
    const item = value[key];
    if (item === undefined) continue;
    out += `${out === '' ? '' : ','}${text(key)}:${canonicalJson(item)}`;
  }
  return `{${out}}`;
}

function text(value: string): string {
  if (!value.isWellFormed()) throw new TypeError('canonical JSON has no lone surrogates');
  return JSON.stringify(value);
}
