/** The offline commands as a script meets them: the real program, real files, exit codes and JSON. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { execute, PROGRAM, type Ran, temporaryDirectory } from '../journey/running-appliance.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const cli = (args: readonly string[], input = ''): Promise<Ran> =>
  execute([PROGRAM, ...args], { cwd: directory.path, input });

describe('exit codes', () => {
  const rules = fileURLToPath(new URL('../../rules', import.meta.url));
  const diff = ['policy', 'diff', rules, rules];
  const asked = (url: string, more = {}) => `${JSON.stringify({ tenant: 'acme', url, ...more })}\n`;
  writeFileSync(join(directory.path, 'asked.jsonl'), asked('https://example.com/') + asked('x'));
  writeFileSync(join(directory.path, 'odd.jsonl'), asked('https://example.com/', { risk: '80' }));
  const decide = ['decide', '--tenant', 'acme', '--class', 'research', '--url', 'https://example.com/'];
  it.each([
    ['0 for an allow', [...decide], 0, [/^allow: capability_grants/, /^$/]],
    ['1 for a denial', [...decide, '--method', 'POST'], 1, [/^deny: /, /^$/]],
    ['2 with the nearest name', ['catgory', 'list'], 2, [/^$/, /did you mean `category`\?/]],
    ['2 with the nearest subcommand', ['category', 'lst'], 2, [/^$/, /did you mean `list`\?/]],
    ['2 for what is not a URL', ['decide', '--tenant', 'a', '--url', 'x'], 2, [/^$/, /`x` is not a URL/]],
    ['2 for a log that is not there', ['audit', 'verify', 'nowhere'], 2, [/^$/, /`nowhere` does not exist/]],
    ['2 for an export of a log that is not there', ['audit', 'export'], 2, [/^$/, /audit` does not exist/]],
    [
      '2 for a duration that is none',
      ['policy', 'diff', 'a', 'b', '--since', 'soon'],
      2,
      [/^$/, /`soon` is not a dur/],
    ],
    [
      '2 for a request that cannot be compared',
      [...diff, '--requests', 'asked.jsonl'],
      2,
      [/^$/, /asked.jsonl:2: `x` is/],
    ],
    ['2 for a request that is none', [...diff, '--requests', 'odd.jsonl'], 2, [/^$/, /odd.jsonl:1: .*`risk`/]],
    ['2 for a format that is none', ['dlp', 'import', 'constructor', '-'], 2, [/^$/, /`constructor` is not a format/]],
    ['2 for megabytes that are none', ['dlp', 'bench', '--mb', 'many'], 2, [/^$/, /`many` is not a number/]],
    [
      '2 for a reason that is none',
      ['audit', 'query', '--reason', 'denied'],
      2,
      [/^$/, /reason `denied` is not known/],
    ],
    ['2 for code that is none', ['exec', '-'], 2, [/^$/, /stdin holds no code; it needs `export default/]],
    ['2 for a time too short', ['host', 'deny', 'x.com', '--for', '1ms'], 2, [/^$/, /`--for 1ms` is not from 1s/]],
    ['3 when no appliance runs', ['slo'], 3, [/^$/, /start `locktender serve`/]],
  ] as const)('ends %s', async (_, args, code, [stdout, stderr]) => {
    const ran = await cli(args);
    expect(ran.code).toBe(code);
    expect(ran.stdout).toMatch(stdout);
    expect(ran.stderr).toMatch(stderr);
  });
});

describe('config check', () => {
  it('answers programs with every problem and its place, and names a command that there is', async () => {
    writeFileSync(join(directory.path, 'wrong.yaml'), 'workers: many\nnodee: x\n');
    const ran = await cli(['config', 'check', '--config', 'wrong.yaml', '--json']);
    expect(ran.code).toBe(2);
    expect(JSON.parse(ran.stdout)).toEqual({
      ok: false,
      problems: [
        expect.objectContaining({ file: 'wrong.yaml', line: 1, column: 1 }),
        expect.objectContaining({ file: 'wrong.yaml', line: 2, message: expect.stringContaining('`node`') }),
      ],
    });
    const hint = (await cli(['config', 'check', '--set', 'zzzzz=1'])).stderr;
    const [, named = ''] = /see `locktender ([^`]+)`/.exec(hint) ?? [];
    expect(await cli(named.split(' '))).toMatchObject({ code: 0 });
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

  it('takes lines by LF alone, and bytes that are not UTF-8', async () => {
    const ran = await cli(['dlp', 'scan', '--jsonl'], '{"id":1,"text":"a\u2028AKIAIOSFODNN7EXAMPLA"}\r\n');
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ id: 1, findings: [{ start: 4, end: 24 }] });
    writeFileSync(join(directory.path, 'odd.bin'), Buffer.from('\xff\xfeAKIAIOSFODNN7EXAMPLA'.slice(1), 'latin1'));
    const odd = await cli(['dlp', 'scan', '--json', 'odd.bin']);
    expect(JSON.parse(odd.stdout)).toMatchObject({ files: [{ findings: [{ start: 1, end: 21, line: 1 }] }] });
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

describe('policy check --json', () => {
  it('answers one document with every problem, its file and line, and ends 1', async () => {
    const rules = join(directory.path, 'rules');
    cpSync(new URL('../../rules', import.meta.url), rules, { recursive: true });
    const head = 'version: 1\nname: net.read.all\nowner: x\ndescription: all\nrisk: high\n';
    writeFileSync(join(rules, 'capabilities/all.yaml'), `${head}grants:\n  - { methods: read, hosts: ['*.com'] }\n`);
    const ran = await cli(['policy', 'check', '--json', '--set', `rules=${rules}`]);
    expect(ran.code).toBe(1);
    const { ok, problems } = JSON.parse(ran.stdout);
    expect(ok).toBe(false);
    expect(problems).toMatchObject([
      { file: 'rules/capabilities/all.yaml', line: 7, message: expect.stringMatching(/public suffix/) },
    ]);
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

  it('lets go what came while its input is quiet, and keeps what may be the beginning of a secret', async () => {
    const child = spawn(PROGRAM, ['guard'], {
      cwd: directory.path,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const closed = once(child, 'close');
    child.stdin.write('one line\nkey AKIAIOSFO');
    const [quiet] = await once(child.stdout, 'data');
    expect(String(quiet)).toBe('one line\nkey ');
    const rest = text(child.stdout);
    child.stdin.end('DNN7EXAMPLA end');
    expect(await rest).toMatch(/^\[(?:TOKEN|REDACTED):[^\]]+\] end$/);
    expect(await closed).toEqual([0, null]);
  });

  it('says nothing more once something is blocked, and exits 1', async () => {
    const ran = await cli(['guard', '--direction', 'request'], 'key AKIAIOSFODNN7EXAMPLA end');
    // A machine that pauses makes the input look quiet, and then what stands before the secret has gone.
    expect(ran).toMatchObject({ code: 1, stdout: expect.stringMatching(/^(?:key )?$/) });
    expect(JSON.parse(ran.stderr)).toMatchObject({ rule: 'aws-access-key-id', action: 'block' });
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

describe('dlp scan of files', () => {
  it('walks trees and archives, says what it could not read, and gives SARIF', async () => {
    const tree = join(directory.path, 'tree');
    mkdirSync(join(tree, 'sub', '.git'), { recursive: true });
    writeFileSync(join(tree, 'sub', 'a.txt'), 'one\nkey AKIAIOSFODNN7EXAMPLA\n');
    writeFileSync(join(tree, 'sub', '.git', 'ignored'), 'AKIAIOSFODNN7EXAMPLA');
    writeFileSync(
      join(tree, 'wide.txt'),
      Buffer.from('\ufeffé AKIAIOSFODNN7EXAMPLA ü AKIAIOSFODNN7EXAMPLA', 'utf16le'),
    );
    expect(
      await execute(['tar', '-czf', 'tree/inner.tgz', '-C', 'tree', 'sub/a.txt'], { cwd: directory.path }),
    ).toMatchObject({ code: 0 });
    writeFileSync(join(tree, 'bomb.txt'), gzipSync(Buffer.alloc(40 * 1024 * 1024)).toString('base64'));
    writeFileSync(join(tree, 'broken.gz'), Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]));
    const ran = await cli(['dlp', 'scan', '--json', 'tree']);
    expect(ran.code).toBe(1);
    const { files, findings, unread } = JSON.parse(ran.stdout) as Record<string, unknown>;
    expect(findings).toBe(4);
    expect(files).toEqual([
      { file: 'tree/bomb.txt', findings: [] },
      { file: 'tree/broken.gz', findings: [] },
      {
        file: 'tree/inner.tgz!sub/a.txt',
        findings: [expect.objectContaining({ start: 8, end: 28, line: 2, column: 5 })],
      },
      { file: 'tree/sub/a.txt', findings: [expect.objectContaining({ start: 8, end: 28, line: 2, column: 5 })] },
      {
        file: 'tree/wide.txt',
        findings: [
          expect.objectContaining({ start: 6, end: 46, line: 1 }),
          expect.objectContaining({ start: 52, end: 92, line: 1 }),
        ],
      },
    ]);
    expect(unread).toEqual([
      { file: 'tree/bomb.txt', why: expect.stringContaining('than is undone') },
      { file: 'tree/broken.gz', why: expect.stringContaining('does not unpack') },
    ]);
    const sarif = await cli(['dlp', 'scan', '--sarif', join('tree', 'sub')]);
    const report = JSON.parse(sarif.stdout) as {
      runs: { results: unknown[]; tool: { driver: { rules: unknown[] } } }[];
    };
    expect(report.runs[0]?.tool.driver.rules).toEqual([expect.objectContaining({ id: 'aws-access-key-id' })]);
    expect(report.runs[0]?.results).toEqual([
      expect.objectContaining({
        ruleId: 'aws-access-key-id',
        ruleIndex: 0,
        level: 'error',
        partialFingerprints: { 'locktenderPlace/v1': expect.stringMatching(/^[0-9a-f]{32}$/) },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: 'tree/sub/a.txt' },
              region: { startLine: 2, startColumn: 5, endLine: 2, endColumn: 25, byteOffset: 8, byteLength: 20 },
            },
          },
        ],
      }),
    ]);
    expect(sarif.stdout).not.toContain('AKIAIOSFODNN7');
    // Named as it lies, however it was called; what was not looked at is said in the document too.
    const named = await cli([
      'dlp',
      'scan',
      '--sarif',
      join(tree, 'sub', 'a.txt'),
      'tree/broken.gz',
      './tree/sub/a.txt',
    ]);
    const [run] = (JSON.parse(named.stdout) as { runs: (typeof report.runs)[number][] }).runs;
    expect(run?.results).toEqual([report.runs[0]?.results[0], report.runs[0]?.results[0]]);
    expect(run).toMatchObject({
      invocations: [
        {
          executionSuccessful: false,
          toolExecutionNotifications: [
            { locations: [{ physicalLocation: { artifactLocation: { uri: 'tree/broken.gz' } } }] },
          ],
        },
      ],
    });
    expect(await cli(['dlp', 'scan', 'tree/broken.gz'])).toMatchObject({ code: 2 });
  }, 60_000);

  it('leaves nothing out in silence: names that are not UTF-8, and what is packed as nothing here reads', async () => {
    const tree = join(directory.path, 'odd');
    mkdirSync(tree);
    const name = Buffer.concat([Buffer.from(`${tree}/bad`), Buffer.from([0xff]), Buffer.from('.txt')]);
    writeFileSync(name, 'key AKIAIOSFODNN7EXAMPLA\n');
    writeFileSync(join(tree, 'line\nbreak.txt'), 'key AKIAIOSFODNN7EXAMPLA\n');
    writeFileSync(join(tree, 'BZh.txt'), 'BZh9 is how bzip2 begins');
    for (const [tool, ending] of [
      ['bzip2', 'bz2'],
      ['xz', 'xz'],
    ] as const) {
      writeFileSync(join(tree, `log.${ending}`), await packed(tool, 'nothing to be found'));
    }
    // Deeper than a path may be long; only what goes step by step can make it, and take it away.
    const deep = 'd=$(printf %0200d 0); for i in $(seq 25); do mkdir $d && cd $d; done; true';
    expect(await execute(['sh', '-c', deep], { cwd: tree })).toMatchObject({ code: 0 });
    const ran = await cli(['dlp', 'scan', 'odd']);
    await execute(['sh', '-c', 'rm -r 000*'], { cwd: tree });
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.stderr).toMatch(/not scanned: `odd\/0{200}\/[0/]+`: ENAMETOOLONG\n/);
    const found = ran.stdout.trimEnd().split('\n');
    expect(found.map((line) => line.slice(0, line.indexOf(':')))).toEqual(['odd/bad\ufffd.txt', 'odd/line?break.txt']);
    expect(ran.stderr.match(/not scanned: `[^`]*`: packed as \w+/g)).toEqual([
      'not scanned: `odd/log.bz2`: packed as bzip2',
      'not scanned: `odd/log.xz`: packed as xz',
    ]);
    expect(await cli(['dlp', 'scan', 'odd/log.xz'])).toMatchObject({ code: 2 });
  }, 60_000);

  it('reads what comes out of a pipe, archives as well', async () => {
    const pipe = join(directory.path, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const lines = `${'x '.repeat(700_000)}\nkey AKIAIOSFODNN7EXAMPLA\n`;
    for (const bytes of [Buffer.from(lines), gzipSync(lines)]) {
      const [ran] = await Promise.all([cli(['dlp', 'scan', 'pipe']), writeFile(pipe, bytes)]);
      expect(ran).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/^pipe:2:5: 1400005-1400025: aws-access-key-id /),
      });
    }
  }, 60_000);
});

async function packed(tool: string, text: string): Promise<Buffer> {
  const child = spawn(tool, ['-c'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(text);
  return Buffer.concat(await child.stdout.toArray());
}
