import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDir } from '../../test/record/temporary-dir.ts';
import { loadOrCreateSecret } from './key-file.ts';

const MODULE = new URL('./key-file.ts', import.meta.url).pathname;

describe('a secret on disk', () => {
  it('is made once, 0600, and read ever after; nothing else is left beside it', () => {
    const dir = temporaryDir();
    const file = join(dir, 'a.secret');
    writeFileSync(`${file}.${process.pid}.tmp`, 'half of what a crash lef');
    expect(loadOrCreateSecret(file, () => 'first')).toBe('first');
    expect(loadOrCreateSecret(file, () => 'second')).toBe('first');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['a.secret']);
  });

  it('T-81 that the disk had no room for is not there at all: it is made when there is room again', () => {
    const dir = temporaryDir();
    const file = join(dir, 'a.secret');
    // RLIMIT_FSIZE of 1 KiB stands in for a full disk.
    const make = `import { loadOrCreateSecret as make } from '${MODULE}'; make('${file}', () => 'x'.repeat(4096));`;
    const script = `trap '' XFSZ; ulimit -f 1; exec "$0" --disable-warning=ExperimentalWarning --input-type=module -e "$1"`;
    const ran = spawnSync('bash', ['-c', script, process.execPath, make], { encoding: 'utf8' });
    expect([ran.status, ran.stderr]).toEqual([1, expect.stringContaining('EFBIG')]);
    expect(readdirSync(dir)).toEqual([]);
    expect(loadOrCreateSecret(file, () => 'later')).toBe('later');
  });

  it('that others can read is refused', () => {
    const file = join(temporaryDir(), 'a.secret');
    writeFileSync(file, 'x', { mode: 0o644 });
    expect(() => loadOrCreateSecret(file, () => 'y')).toThrow(/can be read by others; run `chmod 600/);
  });
});
