/**
 * The category index at five million names against a plain JavaScript `Map` with a walk over parent names, in one run:
 * compile, load, memory, lookup, update. `bin/node24 node --expose-gc bench/categories.ts [names]` prints JSON.
 */

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CategoryIndex } from '../src/categories/category-index.ts';
import { REACH } from '../src/categories/host-entry.ts';
import { IndexBuilder, type IndexSource } from '../src/categories/index-builder.ts';
import { type ListMeta, writeIndex } from '../src/categories/index-format.ts';
import { type Host, parseHost } from '../src/core/host.ts';

const COUNT = Number(process.argv[2] ?? 5_000_000);
const LOOKUPS = 400_000;
const ROUNDS = 5;
const CHUNK = 1000;
const touched = { sum: 0 };
const CATEGORIES = ['adult', 'ads-and-trackers', 'gambling', 'malware', 'phishing', 'social-networks'];
const TLDS = 'com net org info de ru cn top xyz co.uk fr nl br it pl online site club shop biz us eu in io'.split(' ');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const random = generator(42);
const words = Array.from({ length: 6000 }, () => word());
const folder = mkdtempSync(join(tmpdir(), 'locktender-bench-'));
const file = join(folder, 'categories.index');
try {
  const compile = compileTo(file);
  const load = measureLoad(file);
  const index = open(file);
  const hosts = lookupHosts();
  const ours = measureLookups(hosts, (h) => index.lookup(h));
  const swap = measureSwap(file, hosts['listed'] ?? []);
  const map = plainMap();
  const theirs = measureLookups(hosts, map.lookup);
  const report = {
    names: COUNT,
    compile,
    load,
    lookup_ns: ours,
    swap,
    map: { memory_mb: map.memory_mb, build_seconds: map.load_seconds, lookup_ns: theirs },
    ratio_memory: round(map.memory_mb / load.memory_mb),
    ratio_lookup: Object.fromEntries(
      Object.entries(ours).map(([kind, v]) => [kind, round((theirs[kind]?.median ?? 0) / v.median)]),
    ),
    same_answers: checksum(hosts, (h) => index.lookup(h)) === checksum(hosts, map.lookup),
    node: process.version,
  };
  console.log(JSON.stringify(report, null, 2));
} finally {
  rmSync(folder, { recursive: true });
}

/** Names as lists hold them: two words or a word and a number, a fifth made by a machine, a third with a label before. */
function nameAt(i: number): string {
  const r = generator(i + 1);
  const pick = () => words[Math.floor(r() * words.length)] as string;
  const shape = r();
  const stem =
    shape < 0.2 ? gibberish(r) : shape < 0.8 ? pick() + (r() < 0.3 ? '-' : '') + pick() : `${pick()}${i % 1000}`;
  const tld = TLDS[Math.floor(r() ** 2 * TLDS.length)] as string;
  const sub = r() < 0.3 ? `${r() < 0.4 ? 'www' : pick()}.` : '';
  return `${sub}${stem}${(i * 7) % 100}.${tld}`;
}

function compileTo(path: string) {
  const start = performance.now();
  const lists = CATEGORIES.map((category) => meta(`bench/${category}`));
  const sources: IndexSource[] = CATEGORIES.map((category, i) => ({ list: lists[i] as ListMeta, category }));
  const builder = new IndexBuilder(sources);
  let characters = 0;
  for (let i = 0; i < COUNT; i += 1) {
    const name = nameAt(i);
    characters += name.length;
    builder.add(
      i % CATEGORIES.length,
      { name, reach: REACH.cover, except: false },
      Math.floor(i / CATEGORIES.length) + 1,
    );
  }
  const layout = builder.build();
  if (!layout) throw new Error('names collide');
  const { bytes } = writeIndex(layout, sha256);
  writeFileSync(path, bytes);
  return {
    seconds: round((performance.now() - start) / 1000),
    bytes: bytes.length,
    bytes_a_name: round(bytes.length / COUNT),
    characters_a_name: round(characters / COUNT),
    largest_bucket: layout.header.largestBucket,
  };
}

function open(path: string): CategoryIndex {
  const opened = CategoryIndex.open(read(path), { sha256 });
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

function read(path: string): Uint8Array<SharedArrayBuffer> {
  const fd = openSync(path, 'r');
  const bytes = new Uint8Array(new SharedArrayBuffer(fstatSync(fd).size));
  for (let at = 0; at < bytes.length; ) at += readSync(fd, bytes, at, bytes.length - at, at);
  closeSync(fd);
  return bytes;
}

function measureLoad(path: string) {
  const own: number[] = [];
  const platform: number[] = [];
  const attach: number[] = [];
  const bytes = read(path);
  for (let i = 0; i < ROUNDS; i += 1) {
    platform.push(time(() => open(path)));
    attach.push(time(() => CategoryIndex.open(bytes, { verified: true })));
  }
  for (let i = 0; i < 3; i += 1) own.push(time(() => CategoryIndex.open(read(path))));
  return {
    read_verify_open_ms: median(platform),
    read_verify_open_pure_sha256_ms: median(own),
    worker_attach_ms: median(attach),
    memory_mb: round(bytes.length / 1e6),
  };
}

/** Hits on the name, hits on a parent, and hosts that no list names; in an order that no cache likes. */
function lookupHosts(): Readonly<Record<string, readonly Host[]>> {
  const at = generator(7);
  const some = () => nameAt(Math.floor(at() * COUNT));
  return {
    listed: Array.from({ length: LOOKUPS }, () => host(some())),
    under_a_listed: Array.from({ length: LOOKUPS }, () => host(`api.v2.${some()}`)),
    unlisted: Array.from({ length: LOOKUPS }, () => host(`cdn.${gibberish(at)}q.example.org`)),
  };
}

function measureLookups(hosts: Readonly<Record<string, readonly Host[]>>, lookup: (host: Host) => readonly string[]) {
  const out: Record<string, { median: number; min: number }> = {};
  for (const [kind, list] of Object.entries(hosts)) {
    const rounds: number[] = [];
    for (let i = 0; i < ROUNDS; i += 1) rounds.push((timeInChunks(list, lookup) * 1e6) / list.length);
    out[kind] = { median: median(rounds), min: round(Math.min(...rounds)) };
  }
  return out;
}

/** Each chunk's hosts are read first: a host that was just parsed is in the processor's cache, the index is not. */
function timeInChunks(list: readonly Host[], lookup: (host: Host) => readonly string[]): number {
  let spent = 0;
  for (let from = 0; from < list.length; from += CHUNK) {
    const chunk = list.slice(from, from + CHUNK);
    for (const h of chunk) for (let i = 0; i < h.name.length; i += 1) touched.sum ^= h.name.charCodeAt(i);
    spent += time(() => {
      for (let i = 0; i < chunk.length; i += 1) lookup(chunk[i] as Host);
    });
  }
  return spent;
}

/** Sum over the answers, so that both sides are seen to say the same. */
function checksum(hosts: Readonly<Record<string, readonly Host[]>>, lookup: (host: Host) => readonly string[]): number {
  let sum = 0;
  for (const list of Object.values(hosts)) {
    for (const h of list) for (const id of lookup(h)) sum = (Math.imul(sum, 31) + id.length * 7 + id.charCodeAt(0)) | 0;
  }
  return sum;
}

interface Reference {
  readonly lookup: (host: Host) => readonly string[];
  readonly memory_mb: number;
  readonly load_seconds: number;
}

/** What one would write first: a Map from name to categories, and a walk over the parent names. */
function plainMap(): Reference {
  const gc = globalThis.gc ?? (() => undefined);
  const uncategorised = ['uncategorised'];
  gc();
  const before = process.memoryUsage().heapUsed;
  const map = new Map<string, string[]>();
  const lists = CATEGORIES.map((c) => [c]);
  const seconds =
    time(() => {
      for (let i = 0; i < COUNT; i += 1) {
        const name = nameAt(i);
        const known = map.get(name);
        const list = lists[i % CATEGORIES.length] as string[];
        map.set(name, known ? [...new Set([...known, ...list])].sort() : list);
      }
    }) / 1000;
  gc();
  const memory = process.memoryUsage().heapUsed - before;
  const lookup = ({ name }: Host) => {
    let found: string[] | null = null;
    for (let rest = name; ; ) {
      const here = map.get(rest);
      if (here) found = found ? [...new Set([...found, ...here])].sort() : here;
      const dot = rest.indexOf('.');
      if (dot < 0) return found ?? uncategorised;
      rest = rest.slice(dot + 1);
    }
  };
  return { lookup, memory_mb: round(memory / 1e6), load_seconds: round(seconds) };
}

/** A new index is opened and swapped in while lookups go on: how long the longest gap between two lookups was. */
function measureSwap(path: string, hosts: readonly Host[]) {
  let current = open(path);
  const bytes = read(path);
  let longest = 0;
  let last = performance.now();
  for (let i = 0; i < 2_000_000; i += 1) {
    if (i % 500_000 === 499_999) {
      const opened = CategoryIndex.open(bytes, { verified: true });
      if (opened.ok) current = opened.value;
    }
    current.lookup(hosts[i % hosts.length] as Host);
    if (i % 64 !== 0) continue;
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return { longest_gap_ms: round(longest) };
}

function meta(name: string): ListMeta {
  return {
    name,
    origin: 'import',
    file: name,
    format: 'plain',
    source: null,
    licence: null,
    version: '1',
    date: null,
    digest: '',
    entries: 0,
    notCarried: 0,
  };
}

function host(name: string): Host {
  const parsed = parseHost(name);
  if (!parsed.ok) throw new Error(`${name}: ${parsed.error}`);
  return parsed.value;
}

function time(act: () => unknown): number {
  const start = performance.now();
  act();
  return performance.now() - start;
}

function median(of: readonly number[]): number {
  return round(of.toSorted((a, b) => a - b)[of.length >> 1] ?? 0);
}

function round(n: number): number {
  return Math.round(n * 100) / 100;
}

/** mulberry32: numbers in [0, 1), the same in every run. */
function generator(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b9) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function word(): string {
  let out = '';
  for (let n = 1 + Math.floor(random() * 3); n >= 0; n -= 1) {
    out += 'bcdfghjklmnprstvwz'.charAt(Math.floor(random() * 18)) + 'aeiouy'.charAt(Math.floor(random() * 6));
  }
  return out;
}

function gibberish(r: () => number): string {
  let out = '';
  for (let n = 8 + Math.floor(r() * 8); n > 0; n -= 1)
    out += 'abcdefghijklmnopqrstuvwxyz0123456789'.charAt(Math.floor(r() * 36));
  return out;
}
