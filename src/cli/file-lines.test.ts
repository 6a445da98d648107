import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileLines } from './file-lines.ts';

it('gives the lines of a file, whatever pieces it is read in, and of its beginning alone', () => {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-lines-'));
  const file = join(dir, 'lines');
  const lines = Array.from({ length: 60_000 }, (_, i) => 'é'.repeat(i % 40));
  writeFileSync(file, lines.join('\n'));
  expect(Array.from(fileLines(file), String)).toEqual(lines);
  expect(Array.from(fileLines(file, 4), String)).toEqual(['', 'é']);
  rmSync(dir, { recursive: true });
});
