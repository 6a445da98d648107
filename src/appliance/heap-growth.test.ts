import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { HEAP_GROWTH } from './heap-growth.ts';

it('asks for what this V8 knows: one that does not says so to nobody but the console', () => {
  const [name = ''] = HEAP_GROWTH.split('=');
  expect(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })).toContain(`  ${name} (`);
});
