/**
 * assembly/*.ts → the WebAssembly modules as text, in src/dlp, so that the appliance runs from its sources. `--print NAME` writes
 * one to stdout in place of its file; a test compares the two.
 */
import { writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

const TARGETS = { prefilter: 'src/dlp/prefilter/kernel-wasm.ts', survey: 'src/dlp/survey/kernel-wasm.ts' };

const printed = process.argv[process.argv.indexOf('--print') + 1];
if (process.argv.includes('--print')) process.stdout.write(await built(printed));
else
  for (const name of Object.keys(TARGETS))
    writeFileSync(new URL(`../${TARGETS[name]}`, import.meta.url), await built(name));

async function built(name) {
  const args = `assembly/${name}.ts -o out.wasm -O3 --runtime stub --enable simd,relaxed-simd --importMemory --noAssert --use abort=`;
  let wasm;
  const { error, stderr } = await asc.main(args.split(' '), {
    writeFile(file, contents) {
      if (file.endsWith('.wasm')) wasm = contents;
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
  return `/** Made of assembly/${name}.ts by \`npm run build\`; not to be edited. */\n\nexport const KERNEL = [\n${lines.join('\n')}\n].join('');\n`;
}
