/** The offline commands as a script meets them: the real program, real files, exit codes and JSON. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { execute, PROGRAM, type Ran, temporaryDirectory } from '../journey/running-appliance.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const cli = (args: readonly string[], input = ''): Promise<Ran> =>
  execute([PROGRAM, ...args], { cwd: directory.path, input });

describe('exit codes', () => {
  const decide = ['decide', '--tenant', 'acme', '--class', 'research', '--url', 'https://example.com/'];
  it.each([
    ['0 for an allow', [...decide], 0, [/^allow: capability_grants/, /^$/]],
    ['1 for a denial', [...decide, '--method', 'POST'], 1, [/^deny: /, /^$/]],
    ['2 with the nearest name', ['catgory', 'list'], 2, [/^$/, /did you mean `category`\?/]],
    ['2 with the nearest subcommand', ['category', 'lst'], 2, [/^$/, /did you mean `list`\?/]],
    ['2 for what is not a URL', ['decide', '--tenant', 'a', '--url', 'x'], 2, [/^$/, /`x` is not a URL/]],
    ['2 for a log that is not there', ['audit', 'verify', 'nowhere'], 2, [/^$/, /`nowhere` does not exist/]],
    ['3 when no appliance runs', ['slo'], 3, [/^$/, /start `locktender serve`/]],
  ] as const)('ends %s', async (_, args, code, [stdout, stderr]) => {
    const ran = await cli(args);
    expect(ran.code).toBe(code);
    expect(ran.stdout).toMatch(stdout);
    expect(ran.stderr).toMatch(stderr);
  });
});

describe('dlp scan --jsonl', () => {
  it('gives the UTF-8 byte offsets of the secret, and exit 1', async () => {
    const ran = await cli(
      ['dlp', 'scan', '--jsonl'],
      '{"id":1,"text":"é AKIAIOSFODNN7EXAMPLA x"}\n{"id":2,"text":"-"}\n',
    );
    expect(ran.code).toBe(1);
    const lines = ran.stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        id: 1,
        findings: [expect.objectContaining({ rule: 'aws-access-key-id', start: 3, end: 23, action: 'redact' })],
      },
      { id: 2, findings: [] },
    ]);
  });

  it('never prints the secret', async () => {
    const ran = await cli(['dlp', 'scan'], 'AKIAIOSFODNN7EXAMPLA');
    expect(ran.code).toBe(1);
    expect(ran.stdout + ran.stderr).not.toContain('AKIAIOSFODNN7');
  });

  it('names the line that is not a row', async () => {
    writeFileSync(join(directory.path, 'rows.jsonl'), '{"id":1,"text":"-"}\nplain\n');
    const ran = await cli(['dlp', 'scan', '--jsonl', 'rows.jsonl']);
    expect(ran).toMatchObject({ code: 2 });
    expect(ran.stderr).toContain('rows.jsonl:2: the line is not');
  });
});

describe('decide --json', () => {
  it('answers one document with what was relied on', async () => {
    const ran = await cli(['decide', '--tenant', 'acme', '--url', 'https://pastebin.com/x', '--json']);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      effect: 'deny',
      reason: 'category_blocked',
      categories: expect.arrayContaining(['paste-sites']),
      facts: expect.arrayContaining(['category:paste-sites', 'tenant:acme']),
    });
  });
});

describe('guard', () => {
  it('redacts stdin to stdout and says so on stderr, as JSON Lines', async () => {
    const ran = await cli(['guard'], 'key AKIAIOSFODNN7EXAMPLA end');
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(/^key .* end$/);
    expect(ran.stdout).not.toContain('AKIAIOSFODNN7');
    expect(JSON.parse(ran.stderr.split('\n')[0] ?? '')).toMatchObject({ rule: 'aws-access-key-id' });
  });
});

describe('lists, where no appliance ever ran', () => {
  it('shows categories and capabilities as the files say', async () => {
    const categories = JSON.parse((await cli(['category', 'list', '--json'])).stdout).categories;
    expect(categories).toContainEqual(expect.objectContaining({ id: 'paste-sites', blocked: true, by_default: true }));
    const shown = await cli(['capability', 'show', 'net.read.public', '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'net.read.public', revoked: null });
    const misspelt = await cli(['capability', 'show', 'net.read.publik']);
    expect(misspelt).toMatchObject({ code: 2 });
    expect(misspelt.stderr).toContain('net.read.public');
  }, 30_000);

  it('ends 3 once one has run and is down: its controls are not known', async () => {
    const state = join(directory.path, 'ran');
    mkdirSync(state, { mode: 0o700 });
    writeFileSync(join(state, 'admin-token'), 'lta_x');
    const none = ['--set', 'admin.listen=127.0.0.1:1'];
    expect(await cli(['category', 'list', '--state', state, ...none])).toMatchObject({ code: 3, stdout: '' });
  });
});
