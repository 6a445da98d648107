/** deploy/nftables, loaded by the real nft between real network namespaces: what a sandbox reaches before it, and after. */

import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { execute } from '../journey/running-appliance.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
let seen: Readonly<Record<string, Readonly<Record<string, string>>>> = {};

beforeAll(async () => {
  const ran = await execute([
    ...(['unshare', '--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] as const),
    'sh',
    path('nftables-scene.sh'),
    path('../../deploy/nftables/only-the-gate.nft'),
    path('nftables-probes.py'),
  ]);
  expect(ran.code, ran.stderr).toBe(0);
  const rows = ran.stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  const of = (label: string) =>
    Object.fromEntries(rows.filter((row) => row[0] === label).map(([, name = '', state = '']) => [name, state]));
  seen = { before: of('before'), after: of('after') };
}, 120_000);

describe('only-the-gate.nft', () => {
  it('is tried where everything is open without it', () => {
    const { before = {} } = seen;
    expect(Object.keys(before)).toHaveLength(14);
    expect(Object.entries(before).filter(([, state]) => state !== 'open')).toEqual([]);
  });

  it('T-44 leaves a sandbox the doors of the gate, and closes everything else, both ways', () => {
    const { before = {}, after = {} } = seen;
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(Object.entries(after).filter(([, state]) => state === 'open')).toEqual([["the gate's proxy", 'open']]);
  });
});
