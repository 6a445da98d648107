/**
 * Files that people edit, as one block of bytes: a line of JSON that names them, then their contents. The same files make the
 * same bytes on every machine, so that its digest names them.
 */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { err, ok, type Result } from '../core/result.ts';
import { writeDurable } from '../store/durable-file.ts';
import { makeDirectories } from '../store/make-directory.ts';
import { readTree } from '../store/read-tree.ts';

export interface PolicyArchive {
  readonly digest: string;
  readonly bytes: Buffer;
}

interface ArchivedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Where the appliance reads from; the shape of `control/load-revision`'s roots. */
export interface ArchiveRoots {
  readonly rules: readonly string[];
  readonly edits: string;
  readonly categories: readonly string[];
  readonly imports: string | null;
}

const RULES = ['.yaml', '.yml', '.cedar', '.cedarschema'];
const CATEGORIES = ['.yaml', '.txt'];
/** Most files of one archive, and most bytes of its line of names. */
const MOST_FILES = 60_000;
const PATH = /^(rules|edits|categories|imports)(\/[A-Za-z0-9_@%+=-][A-Za-z0-9._@%+=-]{0,199}){1,12}$/;

const head = z.array(z.tuple([z.string().regex(PATH), z.int().min(0)])).max(MOST_FILES);

/** Rules, edits of them, and categories. Throws `TreeUnreadable`. */
export function archiveFiles({ rules, edits, categories }: ArchiveRoots): PolicyArchive {
  const own = rules.includes(edits) || !existsSync(edits) ? [] : readTree([edits], RULES);
  return archived([
    ...textsOf('rules', readTree(rules, RULES)),
    ...textsOf('edits', own),
    ...textsOf('categories', readTree(categories, CATEGORIES)),
  ]);
}

/** Imported lists and the index that was compiled from them, which are large and change seldom; null where there are none. */
export function archiveImports({ imports }: ArchiveRoots): PolicyArchive | null {
  if (imports === null || !existsSync(imports)) return null;
  const names = readdirSync(imports).filter((name) => /^[a-z0-9].*\.(list|bin)$/i.test(name));
  if (names.length === 0) return null;
  return archived(names.map((name) => ({ path: `imports/${name}`, bytes: readFileSync(join(imports, name)) })));
}

/** The files of an archive, by path; the error says what is wrong with it. */
export function filesIn(bytes: Uint8Array): Result<readonly ArchivedFile[], string> {
  const end = bytes.indexOf(10);
  if (end < 0) return err('it has no list of files');
  const list = listOf(Buffer.from(bytes.subarray(0, end)).toString('utf8'));
  if (list === null) return err('its list of files is not valid');
  const files: ArchivedFile[] = [];
  let at = end + 1;
  for (const [path, size] of list) {
    files.push({ path, bytes: bytes.subarray(at, at + size) });
    at += size;
  }
  return at === bytes.length ? ok(files) : err('it is longer or shorter than its list of files says');
}

/** Writes the files below a directory; resolves when all of them are durable. */
export async function unpackInto(dir: string, files: readonly ArchivedFile[]): Promise<void> {
  for (const { path, bytes } of files) {
    const to = join(dir, path);
    makeDirectories(dirname(to));
    await writeDurable(to, bytes);
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function textsOf(under: string, files: ReturnType<typeof readTree>): ArchivedFile[] {
  return files.map(({ path, text }) => ({ path: `${under}/${path}`, bytes: Buffer.from(text) }));
}

function archived(files: readonly ArchivedFile[]): PolicyArchive {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const unfit = sorted.find(({ path }) => !PATH.test(path));
  if (unfit)
    throw new Error(
      `\`${unfit.path}\` cannot be sent to members; name it with letters, digits, \`.\`, \`_\` and \`-\``,
    );
  const line = `${JSON.stringify(sorted.map(({ path, bytes }) => [path, bytes.length]))}\n`;
  const bytes = Buffer.concat([Buffer.from(line), ...sorted.map((file) => file.bytes)]);
  return { digest: digestOf(bytes), bytes };
}

function listOf(text: string): z.output<typeof head> | null {
  try {
    const list = head.safeParse(JSON.parse(text));
    return list.success ? list.data : null;
  } catch {
    return null;
  }
}
