import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { hostFiles } from './host-files.ts';
import { type HostLoss, HostProcess } from './host-process.ts';
import { hostCode, prepareHost } from './prepared-host.ts';
import { prepareRuntime, runtimeBundle, runtimeSource } from './runtime-bundle.ts';
import { probeWall } from './walls.ts';

const dir = mkdtempSync(join(tmpdir(), 'lt-prepared-'));
chmodSync(dir, 0o755);
afterAll(() => rmSync(dir, { recursive: true }));
const SOURCES = join(import.meta.dirname, 'host');

describe('the code of hosts as set-up kept it', () => {
  const folder = join(dir, 'host');
  prepareHost(folder);

  it('is each source, line by line, without types; whoever a host runs as may read it', () => {
    const sources = readdirSync(SOURCES).filter((name) => !name.endsWith('.test.ts'));
    expect(readdirSync(folder).sort()).toEqual(sources.map((name) => name.replace(/\.ts$/, '.js')).sort());
    for (const name of sources) {
      const file = join(folder, name.replace(/\.ts$/, '.js'));
      const kept = readFileSync(file, 'utf8').split('\n');
      const source = readFileSync(join(SOURCES, name), 'utf8').split('\n');
      expect(kept).toHaveLength(source.length);
      expect(kept.filter((line) => /^(import|export) .*\.ts'/.test(line))).toEqual([]);
      expect(statSync(file).mode & 0o777).toBe(0o644);
    }
    expect(statSync(folder).mode & 0o777).toBe(0o755);
  });

  it('runs as a host behind the wall that stands here', async () => {
    const files = { ...hostFiles(), host: folder, entry: 'host-entry.js' };
    const setup = () => ({ runtime: runtimeSource(), ahead: 1, memory_mb: 64 });
    const said = Promise.withResolvers<string | HostLoss>();
    const host = new HostProcess(
      { probed: probeWall(files), files, setup, limits: { dataMb: 8192 }, groups: null, bootMs: 25_000 },
      { frame: () => undefined, ready: (_, hello) => said.resolve(hello), gone: (_, cause) => said.resolve(cause) },
    );
    try {
      expect(JSON.parse(await said.promise)).toMatchObject({ isolate_bytes: expect.any(Number) });
    } finally {
      host.kill();
      await host.exited;
    }
  });

  it('reads the parser of TypeScript before a task waits for it', async () => {
    const files = { ...hostFiles(), host: folder, entry: 'host-entry.js' };
    const setup = () => ({ runtime: runtimeSource(), ahead: 1, memory_mb: 64 });
    const ready = Promise.withResolvers<void>();
    const host = new HostProcess(
      { probed: probeWall(files), files, setup, limits: { dataMb: 8192 }, groups: null, bootMs: 25_000 },
      { frame: () => undefined, ready: () => ready.resolve(), gone: () => ready.reject(new Error('lost')) },
    );
    try {
      await ready.promise;
      const before = host.cpuMs();
      // The parser takes 60 to 120 ms of CPU; a host that nobody asks for anything takes none.
      await vi.waitFor(() => expect(host.cpuMs() - before).toBeGreaterThan(30), { timeout: 20_000, interval: 50 });
    } finally {
      host.kill();
      await host.exited;
    }
  });

  it('is left as it is by another set-up', () => {
    const before = statSync(join(folder, 'frames.js')).ino;
    prepareHost(folder);
    expect(statSync(join(folder, 'frames.js')).ino).toBe(before);
    expect(readdirSync(dir)).toEqual(['host']);
  });
});

it('does not count once a file of it is gone, and is made anew', () => {
  const folder = join(dir, 'tidied', 'host');
  mkdirSync(dirname(folder));
  prepareHost(folder);
  expect(hostCode(folder)).toEqual({ host: folder, entry: 'host-entry.js' });
  rmSync(join(folder, 'frames.js'));
  expect(hostCode(folder)).toEqual({ host: SOURCES, entry: 'host-entry.ts' });
  prepareHost(folder);
  expect(hostCode(folder).host).toBe(folder);
  expect(readdirSync(dirname(folder))).toEqual(['host']);
});

describe('the runtime as set-up kept it', () => {
  it('is what linking its modules gives', () => {
    const file = join(dir, 'runtime');
    prepareRuntime(file);
    expect(runtimeSource(file)).toBe(runtimeBundle());
    expect(readFileSync(file, 'latin1')).toContain('use strict');
  });

  it('is linked where nothing was kept', () => {
    expect(runtimeSource(join(dir, 'none'))).toBe(runtimeBundle());
  });
});
