/**
 * assembly/prefilter.ts → src/dlp/prefilter/kernel-wasm.ts: the WebAssembly module as text, so that the appliance runs from
 * its sources. `--print` writes it to stdout in place of the file; a test compares the two.
 */
import { writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

const args =
  'assembly/prefilter.ts -o out.wasm -O3 --runtime stub --enable simd,relaxed-simd --importMemory --noAssert --use abort=';
let wasm;
const { error, stderr } = await asc.main(args.split(' '), {
  writeFile(name, contents) {
    if (name.endsWith('.wasm')) wasm = contents;
  },
});
if (error || wasm === undefined) {
  console.error(`build-prefilter: ${stderr.toString()}`);
  process.exit(1);
}
const lines = Buffer.from(wasm)
  .toString('base64')
  .match(/.{1,108}/g)
  .map((line) => `  '${line}',`);
const text = `/** Made of assembly/prefilter.ts by \`npm run build\`; not to be edited. */\n\nexport const KERNEL = [\n${lines.join('\n')}\n].join('');\n`;
if (process.argv.includes('--print')) process.stdout.write(text);
else writeFileSync(new URL('../src/dlp/prefilter/kernel-wasm.ts', import.meta.url), text);
