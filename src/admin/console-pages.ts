/**
 * Serves the console: its own files only, read once, TypeScript stripped of its types as Node itself does it. No file is
 * looked up by what a request says; the policy of the page lets it talk to this door and to nothing else.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('../console', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  ts: 'text/javascript; charset=utf-8',
};

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-cache',
};

interface Served {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
  readonly etag: string;
}

export type ServePage = (request: IncomingMessage, response: ServerResponse) => boolean;

/** False when it has no such page. */
export function consolePages(): ServePage {
  const files = new Map(filesOf(ROOT).map((file) => [`/console/${relative(ROOT, file)}`, served(file)]));
  const index = files.get('/console/index.html');
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (path === '/') {
      response.writeHead(302, { ...HEADERS, location: '/console' }).end();
      return true;
    }
    // A page of the console is an address without a file ending; which one it is, it sees itself.
    const file = files.get(path) ?? (/^\/console(?:\/[a-z]*)?$/.test(path) ? index : undefined);
    if (file === undefined) return false;
    answer(request, response, file);
    return true;
  };
}

function answer(request: IncomingMessage, response: ServerResponse, { type, plain, gzip, etag }: Served): void {
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, { ...HEADERS, etag }).end();
    return;
  }
  const small = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const body = small ? gzip : plain;
  const encoding = small ? { 'content-encoding': 'gzip' } : {};
  const head = {
    ...HEADERS,
    ...encoding,
    'content-type': type,
    'content-length': body.length,
    vary: 'accept-encoding',
    etag,
  };
  response.writeHead(200, head).end(request.method === 'HEAD' ? undefined : body);
}

function served(file: string): Served {
  const text = readFileSync(file, 'utf8');
  const ending = file.slice(file.lastIndexOf('.') + 1);
  const plain = Buffer.from(ending === 'ts' ? stripTypeScriptTypes(text) : text, 'utf8');
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { type: TYPES[ending] ?? 'application/octet-stream', plain, gzip: gzipSync(plain), etag };
}

function filesOf(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return filesOf(path);
    return /\.(?:html|css|ts)$/.test(entry.name) && !entry.name.endsWith('.test.ts') ? [path] : [];
  });
}
