/**
 * Canonical JSON, RFC 8785 (JSON Canonicalization Scheme): one value, one byte string, so that a hash means something.
 * Keys are sorted by UTF-16 code units; numbers and strings are written as ECMAScript writes them.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Throws on what JSON cannot say: NaN, infinities, lone surrogates. Keys whose value is `undefined` are left out. */
export function canonicalJson(value: Json): string {
  if (typeof value === 'object' && value !== null && inOrder(value)) {
    const text = JSON.stringify(value);
    // Written so by JSON.stringify: a lone surrogate, refused below, or a text that looks like one.
    if (!text.includes('\\ud')) return text;
  }
  return written(value);
}

/** True when JSON.stringify writes the value canonically, but for lone surrogates: keys sorted, every number finite. */
function inOrder(value: Json): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every((item) => item !== undefined && inOrder(item));
  const of = value as { readonly [key: string]: Json | undefined };
  let last = '';
  for (const key of Object.keys(of)) {
    if (key < last) return false;
    last = key;
    const item = of[key];
    if (item !== undefined && !inOrder(item)) return false;
  }
  return true;
}

function written(value: Json): string {
  if (typeof value === 'string') return text(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('canonical JSON has no NaN or infinity');
    return JSON.stringify(value);
  }
  return Array.isArray(value) ? list(value) : object(value as { readonly [key: string]: Json | undefined });
}

function list(value: readonly Json[]): string {
  let out = '[';
  for (let i = 0; i < value.length; i += 1) {
    if (i > 0) out += ',';
    out += written(value[i] as Json);
  }
  return `${out}]`;
}

function object(value: { readonly [key: string]: Json | undefined }): string {
  let out = '{';
  for (const key of sorted(Object.keys(value))) {
    const item = value[key];
    if (item === undefined) continue;
    if (out.length > 1) out += ',';
    out += `${text(key)}:${written(item)}`;
  }
  return `${out}}`;
}

/** Sorts in place; few keys in nearly the right order are the rule, where insertion wins. */
function sorted(keys: string[]): string[] {
  if (keys.length > 40) return keys.sort();
  for (let i = 1; i < keys.length; i += 1) {
    const key = keys[i] as string;
    let at = i;
    while (at > 0 && (keys[at - 1] as string) > key) {
      keys[at] = keys[at - 1] as string;
      at -= 1;
    }
    keys[at] = key;
  }
  return keys;
}

/** Printable ASCII without `"` and `\`: what needs no escape and has no surrogates. */
const PLAIN = /^[ !#-[\]-~]*$/;

function text(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw new TypeError('canonical JSON has no lone surrogates');
  return JSON.stringify(value);
}
