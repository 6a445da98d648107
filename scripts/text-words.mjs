/**
 * Writes src/dlp/prefilter/text-words.ts: what ordinary text holds far oftener than its pairs and threes of bytes say (`https://`,
 * `return`), from the documentation and a part of the installed packages.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chanceInChain, STEP } from '../src/dlp/prefilter/text-model.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const LIMIT = 12_000_000;
const EACH = 5;
const LENGTHS = [4, 5, 6, 7, 8, 9, 10, 11, 12];
/** Share of places and of files from which on one counts, how much oftener it must be than is known, and how many are kept. */
const LEAST = 2e-5;
const LEAST_FILES = 0.02;
const OFTENER = 4;
const MOST = 1200;
/** A part of a longer one that is not much oftener says nothing more. */
const PART = 0.6;
/** Words and signs, with single blanks between; what would have to be escaped is left out. */
const KEPT = /^[!-&(-[\]-_a-~]+(?: [!-&(-[\]-_a-~]+)*$/;
const RULED = /^[0-9]|-{3}|={3}|\*{3}/;

const texts = [];
let total = 0;
let files = 0;
const pending = ['docs', 'node_modules'];
for (let dir = pending.shift(); dir !== undefined && total < LIMIT; dir = pending.shift()) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) pending.push(path);
    else if (/\.(?:[cm]?[jt]s|json|md)$/.test(entry.name) && statSync(path).size < 100_000 && files++ % EACH === 0) {
      texts.push(readFileSync(path, 'latin1').toLowerCase());
      total += texts.at(-1).length;
    }
  }
}

const share = new Map();
let frequent = null;
for (const length of LENGTHS) {
  const counts = new Map();
  for (const [file, text] of texts.entries())
    for (let i = 0; i + length <= text.length; i += 1)
      if (frequent === null || frequent.has(text.slice(i, i + length - 1))) {
        const part = text.slice(i, i + length);
        const one = counts.get(part) ?? { n: 0, files: 0, last: -1 };
        one.n += 1;
        if (one.last !== file) one.files += 1;
        one.last = file;
        counts.set(part, one);
      }
  frequent = new Map(
    [...counts].filter(
      ([part, one]) =>
        one.n >= LEAST * total && one.files >= LEAST_FILES * texts.length && KEPT.test(part) && !RULED.test(part),
    ),
  );
  for (const [part, { n }] of frequent) share.set(part, n / total);
}

const kept = [];
for (const [word, often] of [...share].sort(([a], [b]) => b.length - a.length)) {
  if (often < OFTENER * chanceInChain(Buffer.from(word, 'latin1'))) continue;
  if (!kept.some((one) => one.word.length > word.length && one.word.includes(word) && one.often > PART * often))
    kept.push({ word, often });
}
const items = kept
  .sort((a, b) => b.often - a.often)
  .slice(0, MOST)
  .map(({ word, often }) => word + ALPHABET[Math.min(63, Math.round(-Math.log2(often) * STEP))]);
const lines = [];
for (const item of items) {
  const last = lines.at(-1);
  if (last !== undefined && last.length + item.length < 104) lines[lines.length - 1] = `${last}${item}\t`;
  else lines.push(`${item}\t`);
}
writeFileSync(
  'src/dlp/prefilter/text-words.ts',
  `/** Made by scripts/text-words.mjs; see text-model.ts. Parts of ordinary text, and how often it holds each. */\n\nexport const WORDS = [\n${lines
    .map((line) => `  '${line.replaceAll('\t', '\\t')}',`)
    .join('\n')}\n].join('');\n`,
);
console.log(total, items.length);
