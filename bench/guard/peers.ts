/** Other scanners over the same text, where the machine has them; where it has not, why not. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rounded } from '../measure.ts';

interface Peer {
  /** Megabytes per second of CPU. */
  readonly rate?: number;
  readonly rules?: number;
  readonly matches?: number;
  readonly skipped?: string;
}

/** Each rule's expression, as others read it: one a line. */
export function peersOver(text: Buffer, expressions: readonly string[]): Record<string, Peer> {
  const dir = mkdtempSync(join(tmpdir(), 'guard-bench-'));
  try {
    const files = { text: join(dir, 'text'), patterns: join(dir, 'patterns'), dir };
    writeFileSync(files.text, text);
    // Older ripgrep takes no escape of a sign that needs none.
    const lines = expressions
      .filter((one) => !one.includes('\n'))
      .map((one) => one.replace(/\\(["'/,;:=@<>%!`~#&])/g, '$1'));
    writeFileSync(files.patterns, `${lines.join('\n')}\n`);
    return {
      hyperscan: hyperscan(files, text.length),
      ripgrep: ripgrep(files, lines.length, text.length),
      secretlint: secretlint(files, text.length),
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

interface Files {
  readonly text: string;
  readonly patterns: string;
  readonly dir: string;
}

function hyperscan({ text, patterns, dir }: Files, bytes: number): Peer {
  const program = join(dir, 'hyperscan');
  const source = fileURLToPath(new URL('hyperscan.c', import.meta.url));
  const built = spawnSync('cc', ['-O2', '-o', program, source, '-lhs'], { encoding: 'utf8' });
  if (built.status !== 0) return { skipped: 'needs cc and the package libhyperscan-dev' };
  const { rules, matches, ms } = JSON.parse(execFileSync(program, [patterns, text], { encoding: 'utf8' }));
  return { rules, matches, rate: rounded(bytes / 1000 / ms) };
}

function ripgrep({ text, patterns }: Files, rules: number, bytes: number): Peer {
  if (spawnSync('rg', ['--version']).status !== 0) return { skipped: 'needs the package ripgrep' };
  const before = childCpu();
  const args = [
    '--text',
    '--no-config',
    '-j1',
    '--count-matches',
    '--dfa-size-limit',
    '1G',
    '--regex-size-limit',
    '1G',
  ];
  const ran = spawnSync('rg', [...args, '-f', patterns, text], { encoding: 'utf8', timeout: 120_000 });
  if (ran.status !== 0 && ran.status !== 1)
    return { skipped: `it does not take the rules: ${(ran.stderr ?? '').trim().split('\n').at(-1)}` };
  return { rules, matches: Number(ran.stdout), rate: rounded(bytes / 1e6 / (childCpu() - before)) };
}

/** Seconds of CPU of all children so far. */
function childCpu(): number {
  const [, , user = 0, system = 0] = execFileSync('sh', ['-c', `cat /proc/${process.pid}/stat`], { encoding: 'utf8' })
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(11, 15)
    .map(Number);
  return (user + system) / 100;
}

/** Installed for the run into a directory of its own, by `npm`; its own rules, for it takes no others. */
function secretlint({ text, dir }: Files, bytes: number): Peer {
  const packages = ['secretlint@13.0.6', '@secretlint/secretlint-rule-preset-recommend@13.0.6'];
  const install = ['install', '--prefix', dir, '--no-audit', '--no-fund', '--ignore-scripts', ...packages];
  if (spawnSync('npm', install, { timeout: 120_000 }).status !== 0) return { skipped: 'needs npm and the registry' };
  writeFileSync(join(dir, '.secretlintrc.json'), '{"rules":[{"id":"@secretlint/secretlint-rule-preset-recommend"}]}');
  const run = (file: string) => {
    const before = childCpu();
    const bin = join(dir, 'node_modules/.bin/secretlint');
    const ran = spawnSync(bin, ['--format', 'json', file], {
      cwd: dir,
      encoding: 'utf8',
      timeout: 300_000,
      maxBuffer: 1e9,
    });
    return { cpu: childCpu() - before, ran };
  };
  const empty = join(dir, 'empty');
  writeFileSync(empty, 'nothing\n');
  const started = run(empty).cpu;
  const { cpu, ran } = run(text);
  if (ran.status !== 0 && ran.status !== 1) return { skipped: `it failed: ${String(ran.stderr).slice(0, 200)}` };
  return { rate: rounded(bytes / 1e6 / Math.max(0.001, cpu - started)) };
}
