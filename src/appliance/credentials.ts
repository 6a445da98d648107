/** The credentials that an operator stores for sandboxes to use without seeing them: one file that names them, one each. */

import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import { parseYamlFile } from '../core/strict-yaml.ts';
import { HOST_OR_BELOW } from '../dlp/host-list.ts';
import type { Credential } from '../guard/broker.ts';

const LONGEST = 64 * 1024;

const schema = z.strictObject({
  version: z.literal(1),
  credentials: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'a name is kebab-case, for example `github-ci`')
          .max(60),
        file: z.string().min(1).max(1000),
        hosts: z
          .array(z.string().max(253).regex(HOST_OR_BELOW, 'not a host; write `api.example.com` or `*.example.com`'))
          .min(1)
          .max(256),
        tenants: z.array(z.string().min(1).max(100)).max(1000).default([]),
        own: z.enum(['refuse', 'allow']).default('refuse'),
      }),
    )
    .max(1000),
});

/** `path` is null when none are configured. Every file must be readable by its owner only. */
export function loadCredentials(path: string | null): Result<readonly Credential[], Problem[]> {
  if (path === null) return ok([]);
  const text = read(path);
  if (!text.ok) return err([{ file: path, line: 0, column: 0, message: text.error }]);
  const parsed = parseYamlFile(path, text.value.toString('utf8'), schema);
  if (!parsed.ok) return parsed;
  const problems: Problem[] = [];
  const credentials: Credential[] = [];
  const names = new Set<string>();
  for (const [i, { name, file, hosts, tenants, own }] of parsed.value.value.credentials.entries()) {
    const value = read(resolve(dirname(path), file));
    if (!value.ok) problems.push(parsed.value.problem(['credentials', i, 'file'], value.error));
    else if (names.has(name))
      problems.push(parsed.value.problem(['credentials', i, 'name'], `\`${name}\` is named twice; rename one`));
    else credentials.push({ name, value: trimmed(value.value), hosts, tenants, own });
    names.add(name);
  }
  return problems.length > 0 ? err(problems) : ok(credentials);
}

function read(path: string): Result<Buffer, string> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    return err(
      `cannot read \`${path}\` (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`,
    );
  }
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & 0o077) !== 0) return err(`\`${path}\` can be read by others; run \`chmod 600 ${path}\``);
    if (size === 0 || size > LONGEST) return err(`\`${path}\` is empty or larger than ${LONGEST} bytes`);
    return ok(readFileSync(fd));
  } finally {
    closeSync(fd);
  }
}

/** Without the line end that editors leave behind. */
function trimmed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('utf8').replace(/\r?\n$/, ''), 'utf8');
}
