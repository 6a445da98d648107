/**
 * A bundle as a document: what is kept by digest so that a decision of long ago can be explained and decided again
 * under the policy of that day.
 */

import { z } from 'zod';
import { err, ok, type Result } from '../../core/result.ts';
import { type Bundle, type CompileTools, compileBundle } from './bundle.ts';

const schema = z.strictObject({
  version: z.literal(1),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  files: z.array(z.strictObject({ path: z.string(), text: z.string() })),
  categories: z.array(z.strictObject({ id: z.string(), defaultBlocked: z.boolean() })),
});

/** JSON text; the same bundle always has the same text. */
export function bundleDocument(bundle: Bundle): string {
  const categories = [...bundle.categories].map((id) => ({ id, defaultBlocked: bundle.defaultBlocked.has(id) }));
  const files = bundle.files.map(({ path, text }) => ({ path, text }));
  return `${JSON.stringify({ version: 1, digest: bundle.digest, files, categories })}\n`;
}

/** Compiles it again. Refuses a document whose content does not have the digest that was asked for. */
export function bundleFromDocument(
  text: string,
  digest: string,
  sha256: CompileTools['sha256'],
): Result<Bundle, string> {
  const document = parse(text);
  if (document === null) return err('the kept bundle is not a bundle document; restore it from a backup');
  const bundle = compileBundle(document.files, { taxonomy: { categories: document.categories }, sha256 });
  if (!bundle.ok) return err('the kept bundle does not compile; use the version that wrote it');
  // INVARIANT: what is replayed is what was in force, or nothing: an altered file never passes for the original.
  if (bundle.value.digest !== digest) return err('the kept bundle was altered; restore it from a backup');
  return ok(bundle.value);
}

function parse(text: string): z.infer<typeof schema> | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
