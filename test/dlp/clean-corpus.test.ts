/**
 * What agents read all day and what is no secret: sources, lock files, documentation, minified bundles, JSON, logs,
 * hashes, images. The rules may find next to nothing in it.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { rootsOf } from '../../src/control/load-revision.ts';
import { loadRules } from '../../src/control/load-rules.ts';
import { scan } from '../../src/dlp/scan.ts';
import { LAYER_LIMITS, lookInto } from '../../src/dlp/scan-layers.ts';
import { zlibPacking } from '../../src/guard/packing.ts';
import { agentTraffic } from './agent-traffic.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** `npm run dlp:corpus` reads all that is installed; the default run, a part. */
const CORPUS_MB = Number(process.env['DLP_CORPUS_MB'] ?? 3);
const CORPUS_BYTES = CORPUS_MB * 1e6;
/** Decoding costs several times the scan: a part of the corpus, unless more was asked for. */
const DECODED_BYTES = Math.max(0.8, CORPUS_MB / 4) * 1e6;
/** Findings per megabyte that are tolerated: documentation holds sample credentials. */
const FOUND_PER_MB = 0.7;
/** In a megabyte of agents' traffic so many numbers may have the check digits of some country by chance. */
const NUMBERS_BY_CHANCE = 3;
/** Types whose every occurrence in such text is true: authors' addresses, documentation's networks. */
const EXPECTED = new Set(['EMAIL_ADDRESS', 'IP_ADDRESS', 'MAC_ADDRESS', 'STREET_ADDRESS', 'PHONE_NUMBER']);

/** Tests hold sample credentials and sample people: what is found there is found rightly. */
const FIXTURES = /^(?:\.|tests?$|__tests__$|benchmarks?$|fixtures?$)/;

const digest = (seed: number, algorithm: string) => createHash(algorithm).update(String(seed)).digest();

function* packages(): Generator<string> {
  const some = ['undici', 'zod', 'commander', 'jose', 'yaml', 'typescript', 'vitest', 'fast-check'];
  const pending = (CORPUS_MB > 3 ? ['.'] : some).map((name) => join(ROOT, 'node_modules', name));
  for (let dir = pending.shift(); dir !== undefined; dir = pending.shift()) {
    for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(dir, entry.name);
      if (entry.isDirectory() && !FIXTURES.test(entry.name)) pending.push(path);
      else if (entry.isFile() && /\.(?:[cm]?[jt]s|json|md|map)$/.test(entry.name) && statSync(path).size < 200_000) {
        yield readFileSync(path, 'utf8');
      }
    }
  }
}

/** Shapes that look like secrets and are not: ids, hashes, integrity values, images. */
function lookalikes(): string {
  return Array.from({ length: 400 }, (_, i) => {
    const sha = digest(i, 'sha512');
    const hex = sha.toString('hex');
    const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
    return [
      `{"id":"${uuid}","commit":"${hex.slice(0, 40)}","integrity":"sha512-${sha.toString('base64')}"}`,
      `<img src="data:image/png;base64,${sha.toString('base64')}${digest(i + 1, 'sha512').toString('base64')}">`,
      `2026-01-02T03:04:05.${i}Z INFO request ${uuid} took ${i} ms, etag "${hex.slice(40, 72)}"`,
      `sha256:${hex.slice(0, 64)}  package-${i}.tgz  ${1_700_000_000 + i}`,
    ].join('\n');
  }).join('\n');
}

const compiled = loadRules(rootsOf({ state: join(ROOT, 'nonexistent') }));
if (!compiled.ok) throw new Error(compiled.error[0]?.message);
const rules = compiled.value;

it("agents' traffic holds no secret, no injection and next to no personal number", () => {
  const found = agentTraffic(120).flatMap(({ kind, text }) =>
    scan(Buffer.from(text, 'utf8'), rules).map(({ rule }) => ({ kind, spec: rule.spec })),
  );
  const named = (wanted: boolean) =>
    found.filter(({ spec }) => (spec.kind === 'pii') === wanted).map(({ kind, spec }) => `${kind}: ${spec.id}`);
  expect(named(false)).toEqual([]);
  expect(named(true).length, named(true).join(' ')).toBeLessThanOrEqual(NUMBERS_BY_CHANCE);
});

it('clean text stays within its budget of false alarms', () => {
  const texts = [lookalikes()];
  let bytes = 0;
  for (const text of packages()) {
    texts.push(text);
    bytes += text.length;
    if (bytes > CORPUS_BYTES) break;
  }
  expect(bytes).toBeGreaterThan(1_500_000);
  const found = texts.flatMap((text) => scan(Buffer.from(text, 'utf8'), rules).map(({ rule }) => rule.spec));
  const secrets = found.filter((spec) => !EXPECTED.has(spec.info_type)).map((spec) => spec.id);
  expect(secrets.length / (bytes / 1e6), secrets.join(' ')).toBeLessThanOrEqual(FOUND_PER_MB);
  expect(scan(Buffer.from(texts[0] ?? '', 'utf8'), rules).map(({ rule }) => rule.spec.id)).toEqual([]);
});

it('what can be decoded in clean text stays within the same budget', () => {
  const found: string[] = [];
  let bytes = 0;
  const look = (what: string, text: string) => {
    const buffer = Buffer.from(text, 'utf8');
    bytes += buffer.length;
    const scanned = lookInto(buffer, rules, undefined, { ...LAYER_LIMITS, packing: zlibPacking });
    // Else a guard that is strict about what it cannot look into would stop it.
    expect(scanned.isWhole, what).toBe(true);
    for (const { rule, encodings } of scanned.found) {
      // In the clear it was counted above.
      if (encodings.length > 0 && !EXPECTED.has(rule.spec.info_type)) found.push(`${what}: ${rule.spec.id}`);
    }
  };
  look('look-alikes', lookalikes());
  for (const { kind, text } of agentTraffic(30)) look(kind, text);
  expect(found).toEqual([]);
  for (const text of packages()) {
    if (bytes > DECODED_BYTES) break;
    look('packages', text);
  }
  expect(bytes).toBeGreaterThan(700_000);
  expect(found.length / (bytes / 1e6), found.join(' ')).toBeLessThanOrEqual(FOUND_PER_MB);
});
