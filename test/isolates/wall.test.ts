import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { hostFiles } from '../../src/isolates/host-files.ts';
import { CHANNEL, probeWall, spawnBehind } from '../../src/isolates/walls.ts';

const files = { ...hostFiles(), host: join(import.meta.dirname, 'wall-probe'), entry: 'host-entry.ts' };
const probed = probeWall(files);

/** What a program in the host's place reports from behind the wall. */
async function report(): Promise<Record<string, unknown>> {
  const child = spawnBehind(probed, files, { dataMb: 4096 });
  child.stderr?.resume();
  let text = '';
  for await (const chunk of child.stdio[CHANNEL] as Duplex) text += String(chunk);
  return JSON.parse(text) as Record<string, unknown>;
}

test.runIf(probed.wall === 'bubblewrap')(
  'T-64 who escapes V8 finds no files, no network and no other process',
  async () => {
    const seen = await report();
    expect(seen).toMatchObject({
      passwd: 'ENOENT',
      proc: 'ENOENT',
      uid: 65_534,
      environment: ['LD_LIBRARY_PATH', 'PWD', 'TZ'],
    });
    expect(seen['written']).not.toMatch(/^ok/);
    const root = JSON.parse(String(seen['root']).slice(3)) as string[];
    expect(root.filter((name) => !/^(?:lib(?:64)?|usr|host|node|isolated-vm\.node)$/.test(name))).toEqual([]);
    for (const way of ['connect', 'outside', 'listen']) expect(String(seen[way])).toMatch(/^E|ERR/);
  },
);
