/**
 * The guard with layers, by kinds of text and sizes of results: `bin/node24 node bench/layers.ts [--than ROOT]
 * [--set all|secrets|pii] [--size BYTES,…] [--kind KIND,…] [--leaving] [--rounds N] [--bytes N]`. With `--than` the code of another
 * checkout runs in turn with this one, over the same texts; its `node_modules` must be a link to this one's, as RE2 loads once.
 * Prints a line for each: megabytes per second of CPU, the quickest round of each, and how many times as quick.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { textsByKind } from './guard/kinds.ts';

const { values: flags } = parseArgs({
  options: {
    than: { type: 'string' },
    set: { type: 'string', default: 'all' },
    size: { type: 'string', default: '2048,65536' },
    kind: { type: 'string' },
    leaving: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    bytes: { type: 'string', default: '400000' },
  },
});

type Module = Readonly<Record<string, (...args: never[]) => unknown>>;
type Look = (text: Buffer) => unknown;
type Rule = { readonly spec: { readonly kind: string } };

const KINDS_OF_SET: Readonly<Record<string, readonly string[]>> = {
  all: ['secret', 'pii', 'injection'],
  secrets: ['secret'],
  pii: ['secret', 'pii'],
};

/** Where rules are loaded; some checkouts have it in two files. */
const RULES = ['control/load-revision.ts', 'control/load-rules.ts'];

/** How the code of a checkout looks at a text, with its own shipped rules. */
async function lookOf(root: string): Promise<Look> {
  const load = async (path: string) => (await import(pathToFileURL(join(root, 'src', path)).href)) as Module;
  const call = (module: Module, name: string, ...args: unknown[]) =>
    (module[name] as unknown as (...all: unknown[]) => unknown)(...args);
  const [config, plans, layers] = await Promise.all(
    ['config/load.ts', 'dlp/prefilter/plan.ts', 'dlp/scan-layers.ts'].map(load),
  );
  const there = RULES.filter((path) => existsSync(join(root, 'src', path)));
  const revision: Module = Object.assign({}, ...(await Promise.all(there.map(load))));
  const [packing, places] = await Promise.all(['guard/packing.ts', 'dlp/json-places.ts'].map(load));
  const options = { file: null, text: null, env: {}, flags: {}, cwd: root };
  const read = call(config as Module, 'loadConfig', options) as { value: unknown };
  const loaded = call(revision, 'loadRules', call(revision, 'rootsOf', read.value)) as {
    value: { rules: Rule[] };
  };
  const kinds = KINDS_OF_SET[flags.set];
  if (kinds === undefined)
    throw new Error(`no set \`${flags.set}\`; there are ${Object.keys(KINDS_OF_SET).join(', ')}`);
  const rules = loaded.value.rules.filter(({ spec }) => kinds.includes(spec.kind));
  const set = { ...loaded.value, rules, plan: call(plans as Module, 'makePlan', rules) };
  const { LAYER_LIMITS, scanLayers } = layers as unknown as {
    LAYER_LIMITS: object;
    scanLayers: (...a: unknown[]) => [];
  };
  const limits = { ...LAYER_LIMITS, packing: (packing as unknown as { zlibPacking: object }).zlibPacking };
  const { JsonPlaces } = places as unknown as { JsonPlaces: new () => { over(text: Buffer, at: number): unknown } };
  return (text) => {
    const pathAt = new JsonPlaces().over(text, 0);
    const leaving = flags.leaving ? { isLeaving: true } : {};
    return scanLayers(text, set, { host: 'api.example.org', tool: '', pathAt, ...leaving }, limits);
  };
}

const here = fileURLToPath(new URL('..', import.meta.url));
const looks = [await lookOf(here), ...(flags.than === undefined ? [] : [await lookOf(flags.than)])];
const texts = textsByKind(Number(flags.bytes));
const chosen = flags.kind === undefined ? Object.keys(texts) : flags.kind.split(',');

for (const size of flags.size.split(',').map(Number))
  for (const kind of chosen) {
    const text = texts[kind];
    if (text === undefined) throw new Error(`no text of kind \`${kind}\`; there are ${Object.keys(texts).join(', ')}`);
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
      text.subarray(i * size, (i + 1) * size),
    );
    const best = looks.map(() => 0);
    for (let round = 0; round < Number(flags.rounds) + 2; round += 1)
      for (const [i, look] of looks.entries()) {
        const before = process.cpuUsage();
        for (const piece of pieces) look(piece);
        const { user, system } = process.cpuUsage(before);
        best[i] = Math.max(best[i] as number, text.length / (user + system));
      }
    const [now, before] = best as [number, number?];
    const times =
      before === undefined ? '' : `  before ${before.toFixed(1).padStart(6)}  ${(now / before).toFixed(2)}×`;
    process.stdout.write(`${String(size).padStart(8)}  ${kind.padEnd(12)} ${now.toFixed(1).padStart(7)}${times}\n`);
  }
