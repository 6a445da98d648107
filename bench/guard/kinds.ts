/** Texts that agents read and send, by kind, of the installed packages and of the tools' own shapes; the same in each run. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentText, hostileText } from './texts.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** About so many bytes of each. */
export function textsByKind(bytes: number): Readonly<Record<string, Buffer>> {
  const sources = files(/\.(?:[cm]?[jt]s)$/, bytes, (path, size) => size < 200_000 && !isMinified(path));
  return {
    mixed: agentText(bytes),
    prose: files(/\.md$/, bytes),
    sources,
    json: files(/\.json$/, bytes, (path) => !path.includes('lock')),
    messages: messages(sources, bytes),
    locks: files(/package-lock\.json$|yarn\.lock$/, bytes, () => true, ROOT),
    minified: files(/\.[cm]?js$/, bytes, isMinified),
    html: files(/\.html$/, bytes),
    base64: base64(bytes),
    logs: logs(bytes),
    stream: stream(sources.toString('utf8'), bytes),
    hostile: hostileText(bytes),
    escapes: repeated('\\u0041%41&#65;=3D\\x41', bytes),
    boundaries: repeated('\n--x', bytes),
    dashes: repeated('-|-\n', bytes),
    blanks: repeated('a    b1    \n', bytes),
    quotes: repeated('"a":"b1",', bytes),
  };
}

const isMinified = (path: string) => /[.-]min\.|\/vite\/|lib\/utilsBundle|coreBundle/.test(path);

/** One behind the other, in the order of their names; what tools leave differs from run to run. */
function files(
  name: RegExp,
  bytes: number,
  isWanted: (path: string, size: number) => boolean = () => true,
  root = join(ROOT, 'node_modules'),
): Buffer {
  const parts: Buffer[] = [];
  let total = 0;
  const pending = [root];
  for (let dir = pending.shift(); dir !== undefined && total < bytes; dir = pending.shift()) {
    for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue;
      const path = join(dir, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (total < bytes && name.test(path) && isWanted(path, statSync(path).size)) {
        const part = readFileSync(path).subarray(0, bytes - total);
        parts.push(part);
        total += part.length;
      }
    }
  }
  return Buffer.concat(parts);
}

/** What a client of a model sends: sources as strings of JSON. */
function messages(sources: Buffer, bytes: number): Buffer {
  const text = sources.toString('utf8');
  const all: object[] = [];
  for (let at = 0; at < Math.min(text.length, bytes); at += 6000)
    all.push({ role: at % 12_000 === 0 ? 'user' : 'assistant', content: text.slice(at, at + 6000) });
  return Buffer.from(JSON.stringify({ model: 'm', messages: all, temperature: 0.2 }));
}

/** Images in JSON, and on lines as PEM has them. */
function base64(bytes: number): Buffer {
  const parts: string[] = [];
  for (let i = 0, total = 0; total < bytes; i += 1) {
    const run = noise(i, 3000).toString('base64');
    parts.push(i % 2 === 0 ? `{"type":"image","data":"${run}"}\n` : `${(run.match(/.{1,64}/g) ?? []).join('\n')}\n\n`);
    total += run.length;
  }
  return Buffer.from(parts.join(''));
}

function noise(seed: number, bytes: number): Buffer {
  const parts = Array.from({ length: Math.ceil(bytes / 32) }, (_, i) => digest(`${seed}/${i}`));
  return Buffer.concat(parts).subarray(0, bytes);
}

function digest(of: string): Buffer {
  return createHash('sha256').update(of).digest();
}

/** An access log, a service's log and one of JSON lines, by turns of forty lines. */
function logs(bytes: number): Buffer {
  const parts: string[] = [];
  for (let i = 0, total = 0; total < bytes; i += 1) {
    const id = digest(String(i)).toString('hex');
    const time = `2026-03-${String(1 + (i % 28)).padStart(2, '0')}T10:${String(i % 60).padStart(2, '0')}:07.${100 + (i % 900)}Z`;
    const line = [
      `10.0.${i % 256}.${(7 * i) % 256} - - [${time}] "GET /api/v1/items/${i}?page=${i % 9}&q=a%20b HTTP/1.1" 200 ${i * 13} "-" "curl/8.5.0"\n`,
      `${time} INFO  [worker-${i % 8}] c.e.app.Handler - request ${id.slice(0, 16)} took ${i % 500} ms (cache=${i % 2 === 0})\n`,
      `{"level":30,"time":"${time}","pid":${1000 + (i % 50)},"reqId":"${id.slice(0, 12)}","msg":"request completed","ms":${i % 400}}\n`,
    ][Math.floor(i / 40) % 3] as string;
    parts.push(line);
    total += line.length;
  }
  return Buffer.from(parts.join(''));
}

/** A model's answer as it streams. */
function stream(text: string, bytes: number): Buffer {
  const parts: string[] = [];
  for (let at = 0, total = 0; at < text.length && total < bytes; at += 5) {
    const delta = { choices: [{ index: 0, delta: { content: text.slice(at, at + 5) }, finish_reason: null }] };
    const part = `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', ...delta })}\n\n`;
    parts.push(part);
    total += part.length;
  }
  return Buffer.from(parts.join(''));
}

function repeated(part: string, bytes: number): Buffer {
  return Buffer.from(part.repeat(Math.ceil(bytes / part.length)));
}
