/**
 * Serves the console: the files that `npm run build` made, read once. No file is looked up by what a request says; the
 * policy of the page lets it talk to this door and to nothing else.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('../console/built', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
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
  readonly bodies: Readonly<Record<'identity' | 'gzip' | 'br', Buffer>>;
  readonly etag: string;
}

export type ServePage = (request: IncomingMessage, response: ServerResponse) => boolean;

/** False when it has no such page. Without built files there is no page, and the API serves all the same. */
export function consolePages(root = ROOT): ServePage {
  const files = new Map(filesOf(root).map((name) => [`/console/${name}`, served(join(root, name))]));
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

function answer(request: IncomingMessage, response: ServerResponse, { type, bodies, etag }: Served): void {
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, { ...HEADERS, etag }).end();
    return;
  }
  const accepted = request.headers['accept-encoding'] ?? '';
  const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : 'identity';
  const body = bodies[encoding];
  const head = {
    ...HEADERS,
    ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
    'content-type': type,
    'content-length': body.length,
    vary: 'accept-encoding',
    etag,
  };
  response.writeHead(200, head).end(request.method === 'HEAD' ? undefined : body);
}

function served(file: string): Served {
  const identity = readFileSync(file);
  const etag = `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`;
  const bodies = {
    identity,
    gzip: gzipSync(identity),
    br: brotliCompressSync(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }),
  };
  return { type: TYPES[file.slice(file.lastIndexOf('.') + 1)] ?? 'application/octet-stream', bodies, etag };
}

function filesOf(root: string): string[] {
  try {
    return readdirSync(root).filter((name) => /\.(?:html|css|js|svg)$/.test(name));
  } catch {
    return [];
  }
}
