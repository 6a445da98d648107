/**
 * Writes src/dlp/prefilter/text-statistics.ts: how often one byte follows another in ordinary text, from the sources,
 * documentation and JSON of the installed packages.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SYMBOLS = 72;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const STEP = 3;
const LIMIT = 60_000_000;

/** As in text-model.ts. */
function symbolOf(byte) {
  if (byte >= 128) return SYMBOLS - 1;
  if (byte < 32) return byte === 10 ? SYMBOLS - 3 : SYMBOLS - 2;
  const folded = byte >= 65 && byte <= 90 ? byte | 32 : byte;
  if (folded >= 97 && folded <= 122) return folded - 97;
  return 26 + (folded < 65 ? folded - 32 : folded < 97 ? folded - 91 + 33 : folded - 123 + 39);
}

const counts = new Float64Array(SYMBOLS * SYMBOLS);
const alone = new Float64Array(SYMBOLS);
const triples = new Map();
const MOST_TRIPLES = 600;
let total = 0;
const pending = ['node_modules', 'docs', 'src'];
for (let dir = pending.shift(); dir !== undefined && total < LIMIT; dir = pending.shift()) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) pending.push(path);
    else if (/\.(?:[cm]?[jt]s|json|md)$/.test(entry.name) && statSync(path).size < 100_000) count(readFileSync(path));
  }
}

function count(text) {
  total += text.length;
  let last = symbolOf(10);
  let key = 0;
  for (const byte of text) {
    const symbol = symbolOf(byte);
    counts[last * SYMBOLS + symbol] += 1;
    alone[symbol] += 1;
    const folded = byte >= 65 && byte <= 90 ? byte | 32 : byte;
    const recent = ((key << 8) | folded) & 0xffffff;
    if (folded > 32 && folded < 127) triples.set(recent, (triples.get(recent) ?? 0) + 1);
    key = recent;
    last = symbol;
  }
}

const digit = (chance) => ALPHABET[Math.max(0, Math.min(63, Math.round(-Math.log2(chance) * STEP)))];
let table = '';
for (let last = 0; last < SYMBOLS; last += 1) {
  const row = counts.subarray(last * SYMBOLS, (last + 1) * SYMBOLS);
  const sum = row.reduce((a, b) => a + b, 0);
  for (const n of row) table += digit((n + 0.1) / (sum + 0.1 * SYMBOLS));
}
for (const n of alone) table += digit((n + 1) / (total + SYMBOLS));
// Three bytes that are far oftener than their pairs say, those first for which it matters most.
const rowSum = (symbol) => counts.subarray(symbol * SYMBOLS, (symbol + 1) * SYMBOLS).reduce((a, b) => a + b, 0);
const oftener = [...triples]
  .map(([recent, n]) => {
    const [a, b, c] = [recent >> 16, (recent >> 8) & 255, recent & 255];
    const pairs = [symbolOf(a), symbolOf(b), symbolOf(c)];
    const guess = (counts[pairs[0] * SYMBOLS + pairs[1]] * counts[pairs[1] * SYMBOLS + pairs[2]]) / rowSum(pairs[1]);
    return { text: String.fromCharCode(a, b, c), n, times: n / guess };
  })
  .filter(({ text, times }) => times > 2 && /^[!-&(-Z^-~]{3}$/.test(text))
  .sort((x, y) => y.n * (1 - 1 / y.times) - x.n * (1 - 1 / x.times))
  .slice(0, MOST_TRIPLES)
  .map(({ text, times }) => text + ALPHABET[Math.min(63, Math.round(Math.log2(times) * STEP))]);
const tripleLines = oftener
  .join(' ')
  .match(/.{1,108}/g)
  .map((line) => `  '${line}',`);
const lines = table.match(/.{1,108}/g).map((line) => `  '${line}',`);
writeFileSync(
  'src/dlp/prefilter/text-statistics.ts',
  `/** Made by scripts/text-statistics.mjs; see text-model.ts. A row a symbol: its chance of each next one; last, of each alone. */\n\nexport const PAIRS = [\n${lines.join('\n')}\n].join('');\n\n/** Three bytes, and how much oftener they stand together than their pairs say. */\nexport const TRIPLES = [\n${tripleLines.join('\n')}\n].join('');\n`,
);
console.log(total);
