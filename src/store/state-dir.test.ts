import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDir } from '../../test/record/temporary-dir.ts';
import { openStateDir, StateUnusable } from './state-dir.ts';
import { StateInUse } from './state-lock.ts';

describe('the state directory', () => {
  it('is made with its folders, readable by its owner only', () => {
    const path = join(temporaryDir(), 'a', 'b');
    const state = openStateDir(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(state.folder('audit')).mode & 0o777).toBe(0o700);
    state.release();
  });

  it('is closed to others even when it was made open', () => {
    const path = temporaryDir();
    chmodSync(path, 0o755);
    openStateDir(path).release();
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('refuses a second appliance and says who has it', () => {
    const path = temporaryDir();
    const first = openStateDir(path);
    expect(() => openStateDir(path)).toThrow(StateInUse);
    expect(() => openStateDir(path)).toThrow(new RegExp(`process ${process.pid}.*--state`));
    first.release();
    openStateDir(path).release();
  });

  it('stays held though its holder let go of the handle and collected garbage, and is free at once after SIGKILL', async () => {
    const path = temporaryDir();
    const script = `import { openStateDir } from ${JSON.stringify(new URL('./state-dir.ts', import.meta.url).href)};
      openStateDir(${JSON.stringify(path)});
      setTimeout(() => { gc(); setTimeout(() => { gc(); process.stdout.write('held'); }, 10); }, 10);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(() => openStateDir(path)).toThrow(StateInUse);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    openStateDir(path).release();
  });

  it.each([
    ['2\n', /written by a newer version \(format 2, this one knows 1\); run that version/],
    ['one', /format` is damaged; restore it/],
  ])('refuses what a program of another time wrote (%j), and lets go of it', (format, message) => {
    const path = temporaryDir();
    openStateDir(path).release();
    expect(readFileSync(join(path, 'format'), 'utf8')).toBe('1\n');
    writeFileSync(join(path, 'format'), format);
    expect(() => openStateDir(path)).toThrow(message);
    for (const known of ['', '1\n']) {
      writeFileSync(join(path, 'format'), known);
      openStateDir(path).release();
    }
  });

  it('says so when the path is a file', () => {
    const path = join(temporaryDir(), 'file');
    writeFileSync(path, '');
    expect(() => openStateDir(path)).toThrow(StateUnusable);
  });

  it('names the fix when the disk is read-only', () => {
    // Root may write anywhere that is writable at all; /proc is not.
    expect(() => openStateDir('/proc/locktender')).toThrow(/cannot create .*; choose a directory with --state/);
  });

  it('holds documents that are replaced whole and in order', async () => {
    const path = temporaryDir();
    const state = openStateDir(path);
    expect(state.documents.read('controls')).toBeNull();
    await Promise.all([1, 2, 3].map((version) => state.documents.write('controls', { version })));
    expect(state.documents.read('controls')).toEqual({ version: 3 });
    expect(state.documents.names()).toEqual(['controls']);
    writeFileSync(join(path, 'documents', 'controls.json'), '{"version":');
    expect(() => state.documents.read('controls')).toThrow(/not valid JSON; restore it/);
    expect(() => state.documents.read('../keys/x')).toThrow(/not a document name/);
    mkdirSync(join(path, 'documents', 'x'), { recursive: true });
    state.release();
  });
});
