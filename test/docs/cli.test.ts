/** The command line's own page and completion scripts, made from the commands as they are. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CliIo } from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/program.ts';

async function printed(...argv: string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const io: CliIo = {
    stdout: (part) => {
      text += String(part);
    },
    isTerminal: false,
    stderr: () => undefined,
    stdin: (async function* () {})(),
    env: {},
    cwd: process.cwd(),
  };
  const never = () => Promise.reject(new Error('nothing is started here'));
  const code = await runCli(argv, io, {
    version: '0',
    serve: never,
    tour: never,
    brief: never,
    witness: never,
    fleetKey: never,
    isolateWalls: never,
  });
  return { code, text };
}

describe('docs/cli.md', () => {
  it('is what `npm run docs` writes', { timeout: 30_000 }, async () => {
    const { text } = await printed('completion', 'reference');
    expect(readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')).toBe(text);
  });
});

describe('docs/admin-api.md', () => {
  it('is what `npm run docs` writes', { timeout: 30_000 }, async () => {
    const { text } = await printed('completion', 'admin-api');
    expect(readFileSync(new URL('../../docs/admin-api.md', import.meta.url), 'utf8')).toBe(text);
  });
});

describe('completion', () => {
  it('for bash offers commands, their subcommands and their options', { timeout: 30_000 }, async () => {
    const { text } = await printed('completion', 'bash');
    const ask = (...words: string[]) => {
      const line = words.map((word) => `'${word}'`).join(' ');
      const script = `${text}\nCOMP_WORDS=(locktender ${line}); COMP_CWORD=${words.length}; _locktender; echo "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim();
    };
    expect(ask('po')).toBe('policy');
    expect(ask('category', 'unb')).toBe('unblock');
    expect(ask('category', 'block', 'news', '--fo')).toBe('--for');
  });

  it('knows no other shell', async () => {
    expect((await printed('completion', 'tcsh')).code).toBe(2);
  });
});
