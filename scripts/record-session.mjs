/**
 * docs/session.svg: the README's own session, run for real and drawn as text. Run it again when what it shows changes:
 *
 *     bin/node24 node scripts/record-session.mjs
 *
 * Doors are on free ports, so that it can run beside an appliance; the demonstration origins' port is the README's.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const block = /## Use it[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
const commands = block.split('\n').filter((line) => line !== '');
const dir = mkdtempSync(join(tmpdir(), 'locktender-session-'));
const env = { ...process.env, LOCKTENDER_STATE: join(dir, 'state') };
const free = ['proxy', 'socks', 'gateway', 'admin'].flatMap((door) => ['--set', `${door}.listen=127.0.0.1:0`]);

const gate = spawn(join(root, 'bin/locktender'), ['serve', '--demo', ...free], {
  env,
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
});
await new Promise((resolve, reject) => {
  let out = '';
  gate.once('exit', (code) => reject(new Error(`serve ended with ${code}: ${out}`)));
  gate.stdout.on('data', (chunk) => {
    out += chunk;
    if (/^ready$/m.test(out)) resolve();
  });
});

/** One shell for all of it, as a person has; a mark after each command says where its output ends. */
const script = join(dir, 'session.sh');
const bare = (line) => line.replace(/\s{2,}#.*$/, '');
const shell = (() => {
  const lines = commands.map((line) => {
    // The download is thrown away: its end is what counts.
    const run = bare(line).replace(' & sleep 1', ' >/dev/null & sleep 1');
    return `${run}\necho; echo "@@end $?"`;
  });
  writeFileSync(script, `exec 2>&1\n${lines.join('\n')}\n`);
  return spawn('bash', [script], { env, cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
})();
let said = '';
for await (const chunk of shell.stdout) said += chunk;
gate.kill('SIGTERM');
rmSync(dir, { recursive: true, force: true });

const outputs = said.split(/\n*@@end \d+\n/).map((text) => text.trim());
const KEPT = /^(HTTP\/1\.1|Proxy-Status|Locktender-Decision|\{|\}|"| {2}"|\[|change|cut|verified|\S+:)/;
const WIDTH = 118;
const rows = commands
  .flatMap((command, index) => {
    const shown = (outputs[index] ?? '')
      .split('\n')
      .filter((line) => KEPT.test(line.trimStart()) && !/^(Content-|Cache-|X-Content|Connection|\[\d)/.test(line));
    return [
      { kind: 'command', text: `$ ${bare(command)}` },
      ...shown.slice(0, 7).map((text) => ({ kind: 'output', text })),
      { kind: 'gap', text: '' },
    ];
  })
  .flatMap(({ kind, text }) => {
    const parts = text.match(new RegExp(`.{1,${WIDTH}}`, 'g')) ?? [''];
    return parts.map((part, index) => ({ kind, text: index === 0 ? part : `    ${part}` }));
  });

const LINE = 18;
const height = rows.length * LINE + 40;
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const colour = { command: '#e6edf3', output: '#9fb3c8', gap: '#000' };
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 ${height}" role="img" aria-label="The session of this page, recorded">
<rect width="920" height="${height}" rx="8" fill="#0d1b2a"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="12" xml:space="preserve">
${rows.map(({ kind, text }, index) => `<text x="18" y="${32 + index * LINE}" fill="${colour[kind]}">${escaped(text)}</text>`).join('\n')}
</g>
</svg>
`;
writeFileSync(join(root, 'docs/session.svg'), svg);
process.stdout.write(`docs/session.svg: ${rows.length} lines\n`);
