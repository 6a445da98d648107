import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decisionBody, logOptions, newSigner } from '../../test/record/log-fixture.ts';
import { temporaryDir } from '../../test/record/temporary-dir.ts';
import { openLog } from './log.ts';
import { Frontier, leafHash } from './merkle.ts';
import { consistencyProof, inclusionProof, isConsistent, rootFromInclusion } from './proof.ts';
import { readEntries } from './read.ts';
import { verifierKey } from './signed-note.ts';

const SCRIPT = new URL('../../docs/verify_proof.py', import.meta.url).pathname;
const signer = newSigner();

async function logOf(count: number): Promise<{ dir: string; roots: Buffer[] }> {
  const dir = temporaryDir();
  const log = await openLog(logOptions(dir, signer));
  await Promise.all(Array.from({ length: count }, (_, i) => log.record(decisionBody(i))));
  await log.close();
  const tree = new Frontier();
  const roots = [tree.root()];
  for (const { bytes } of readEntries(dir)) {
    tree.append(leafHash(bytes));
    roots.push(tree.root());
  }
  return { dir, roots };
}

const decode = (proof: readonly string[]) => proof.map((p) => Buffer.from(p, 'base64'));

describe('proofs', () => {
  it.each([1, 2, 7, 255, 256, 257, 700])('lead from any entry of %i to the signed root', async (size) => {
    const { dir, roots } = await logOf(size);
    for (const seq of [0, 1, 6, 254, 255, 256, 511, 512, size - 1].filter((s) => s < size)) {
      const { entry, proof } = inclusionProof(dir, seq);
      expect(rootFromInclusion(seq, size, Buffer.from(entry), decode(proof))).toEqual(roots[size]);
      expect(rootFromInclusion(seq, size, Buffer.from(`${entry} `), decode(proof))).not.toEqual(roots[size]);
      expect(rootFromInclusion(seq, size, Buffer.from(entry), [...decode(proof), Buffer.alloc(32)])).toBeNull();
    }
    expect(() => inclusionProof(dir, size)).toThrow(/is not under the checkpoint/);
  });

  it('show that an earlier tree is the beginning of a later one', async () => {
    const { dir, roots } = await logOf(700);
    const sizes = [1, 2, 3, 128, 255, 256, 257, 300, 512, 699, 700];
    for (const oldSize of sizes) {
      for (const newSize of sizes.filter((n) => n >= oldSize)) {
        const proof = decode(consistencyProof(dir, oldSize, newSize));
        const claim = { oldSize, newSize, oldRoot: roots[oldSize] as Buffer, newRoot: roots[newSize] as Buffer };
        expect(isConsistent(claim, proof)).toBe(true);
        expect(isConsistent({ ...claim, oldRoot: Buffer.alloc(32) }, proof)).toBe(false);
      }
    }
  });

  it('are accepted by the Python script, and refused when anything is changed', async () => {
    const { dir } = await logOf(300);
    const key = verifierKey(signer.name, signer.publicKey);
    const run = (proof: object, vkey = key) => {
      writeFileSync(join(dir, 'proof.json'), JSON.stringify(proof));
      return spawnSync('python3', [SCRIPT, join(dir, 'proof.json'), vkey], { encoding: 'utf8' });
    };
    const proof = inclusionProof(dir, 299);
    expect(run(proof)).toMatchObject({ status: 0, stdout: 'good: entry 299 is in log.example/gate, one of 300\n' });
    expect(run({ ...proof, entry: proof.entry.replace('GET', 'PUT') }).stderr).toMatch(/bad: the entry is not under/);
    expect(run({ ...proof, seq: 298 }).stderr).toMatch(/^bad: the entry is not under/);
    expect(run({ ...proof, seq: 300 }).stderr).toMatch(/^bad: there are 300 entries/);
    expect(run({ ...proof, proof: proof.proof.slice(1) }).stderr).toMatch(/^bad: the proof is too short/);
    expect(run({ seq: 1 }).stderr).toMatch(/^bad: 'checkpoint'/);
    const stranger = newSigner();
    expect(run(proof, verifierKey(stranger.name, stranger.publicKey)).stderr).toMatch(/bad: .* not signed by this key/);
    const resigned = proof.checkpoint.replace('\n300\n', '\n301\n');
    expect(run({ ...proof, checkpoint: resigned }).stderr).toMatch(/bad: .* not signed by this key/);
  });
});
