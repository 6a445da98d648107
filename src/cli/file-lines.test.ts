import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { copiedBy } from '../../test/counted-copies.ts';
import { fileLines } from './file-lines.ts';

it('gives the lines of a file, whatever pieces it is read in, and of its beginning alone', () => {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-lines-'));
  const file = join(dir, 'lines');
  const lines = Array.from({ length: 60_000 }, (_, i) => 'é'.repeat(i % 40));
  writeFileSync(file, lines.join('\n'));
  expect(Array.from(fileLines(file), String)).toEqual(lines);
  expect(Array.from(fileLines(file, { most: 4 }), String)).toEqual(['', 'é']);
  rmSync(dir, { recursive: true });
});

it('moves each byte of an endless line once, and holds no more of it than is asked for', () => {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-lines-'));
  const file = join(dir, 'line');
  const size = 40 * 1024 * 1024;
  writeFileSync(file, Buffer.concat([Buffer.alloc(size, 'a'), Buffer.from('\nb\n')]));
  let lengths: number[] = [];
  const copied = copiedBy(() => {
    lengths = Array.from(fileLines(file), (line) => line.length);
  });
  expect(lengths).toEqual([size, 1]);
  expect(copied).toBeLessThanOrEqual(size);
  const bounded = Array.from(fileLines(file, { longest: 1000 }), (line) => line.length);
  expect([bounded[0], bounded[1]]).toEqual([1024 * 1024, 1]);
  rmSync(dir, { recursive: true });
});
