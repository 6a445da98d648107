/** A file of the web-platform tests, with its harness, scripts and data, as one piece of tool code. */

import { existsSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { dirname, join, relative } from 'node:path';
import type { TestServer } from './gate.ts';

/** Its `// META: variant=` lines; one empty one when it has none. */
export function variantsOf(file: string): string[] {
  const found = metas(readFileSync(file, 'utf8'), 'variant');
  return found.length > 0 ? found : [''];
}

export interface ToolPlace {
  /** The checkout. */
  readonly root: string;
  readonly server: TestServer | null;
}

export async function toolOf({ root, server }: ToolPlace, file: string, variant: string): Promise<string> {
  const path = `/${relative(root, file)}`;
  const textOf = (from: string, fallback: string) =>
    server && /\.sub\./.test(from) ? served(server, from) : readOr(join(root, fallback));
  const text = await textOf(path, path);
  const scripts = await Promise.all(
    metas(text, 'script').map((ref) => {
      const at = relative(root, place(root, file, ref));
      return textOf(`/${at}`, at);
    }),
  );
  const body = [...scripts.map((script) => script.replace('obj = eval(desc)', 'obj = idlObjects[desc]()')), text].join(
    '\n;\n',
  );
  const names = [...body.matchAll(/^(?:async )?function\*? *([A-Za-z_$][\w$]*)/gm)].map(([, name]) => name as string);
  const { href, origin, protocol, host, hostname, port, pathname, search } = new URL(
    path + variant,
    originOf(path, server),
  );
  const location = { href, origin, protocol, host, hostname, port, pathname, search, hash: '' };
  // Those that ask an origin are written for workers as well: these have no `XMLHttpRequest`.
  const fetches = server !== null || /^\/(?:fetch\/api|wasm\/webapi)\//.test(path);
  const late = /^\/\/ META: timeout=long/m.test(text) ? 45_000 : 20_000;
  // Classic scripts share a global scope and may be sloppy; here they are one function of a module.
  return `
globalThis.GLOBAL = { isWindow: () => false, isWorker: () => ${fetches}, isShadowRealm: () => false };
globalThis.location = ${JSON.stringify(location)};
const data = ${JSON.stringify(fetches ? {} : dataOf(root, file, body))};
location.toString = () => location.href;
const network = globalThis.fetch;
globalThis.fetch = (input, init) =>
  typeof input === 'string' && Object.hasOwn(data, input) ? Promise.resolve(new Response(data[input])) : network(input, init);
${readFileSync(join(root, 'resources/testharness.js'), 'utf8')}
${body.includes('idl_test(') ? AS_WORKER : ''}
export default async () => {
  const results = [];
  const over = Promise.withResolvers();
  add_result_callback(({ status, name, message }) => results.push([status, name, String(message ?? '').slice(0, 300)]));
  add_completion_callback((_tests, { status, message }) => over.resolve(message ? status + ': ' + String(message).slice(0, 300) : status));
  setup({ explicit_timeout: true, explicit_done: true });
  try {
    await (async () => {
      var structuredCloneBatteryOfTests, testObjMock, publicKeys, privateKeys, noDeriveBitsKeys, noDeriveKeyKeys, ecdsaKeyPairs, ecdhKeys, publicKey, forbiddenMethod, overrideHeader, idx, result;
const idlObjects = { ${idlObjects(text)} };
${[...new Set(names)].map((name) => `try { globalThis.${name} = ${name}; } catch {}`).join('\n')}
${body}
    })();
  } catch (error) {
    results.push([1, 'the script itself', String(error?.stack ?? error)]);
  }
  done();
  const late = new Promise((resolve) => setTimeout(resolve, ${late}, 'timeout'));
  return { status: await Promise.race([over.promise, late]), results };
};
`;
}

/** Tests of interface definitions ask which kind of global object this is. */
const AS_WORKER =
  'globalThis.DedicatedWorkerGlobalScope = class { static [Symbol.hasInstance](of) { return of === globalThis; } };';

/** What such a test would have of `eval`: the instances that it names. */
function idlObjects(text: string): string {
  const lists = [...text.matchAll(/add_objects\(\{([\s\S]*?)\}\);/g)].map(([, list]) => list as string);
  const named = lists.flatMap((list) =>
    [...list.matchAll(/'([^'\n]*)'|"([^"\n]*)"/g)].map(([, a, b]) => a ?? (b as string)),
  );
  return named.map((source) => `${JSON.stringify(source)}: () => (${source})`).join(', ');
}

/** As the test server has it: by what stands in the name of the file. */
function originOf(path: string, server: TestServer | null): string {
  if (!server) return 'http://web-platform.test';
  const secure = path.includes('.h2.') ? server.h2[0] : path.includes('.https.') ? server.https[0] : undefined;
  return secure === undefined ? `http://web-platform.test:${server.http[0]}` : `https://web-platform.test:${secure}`;
}

/** A file with its placeholders filled in. */
function served({ http }: TestServer, path: string): Promise<string> {
  const [port] = http;
  return new Promise((resolve, reject) => {
    const asked = get({ host: '127.0.0.1', port, path, headers: { host: `web-platform.test:${port}` } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        text += piece;
      });
      answer.on('end', () => resolve(text));
    });
    asked.on('error', reject);
  });
}

function metas(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`^// META: ${name}=(.*)$`, 'gm'))].map(([, value]) => (value as string).trim());
}

function place(root: string, file: string, ref: string): string {
  const clean = ref.split(/[?#]/, 1)[0] as string;
  // The test server rewrites this one.
  if (clean === '/resources/WebIDLParser.js') return join(root, 'resources/webidl2/lib/webidl2.js');
  return clean.startsWith('/') ? join(root, clean) : join(dirname(file), clean);
}

function readOr(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Files that the script names in quotes: what it would fetch of its own server. */
function dataOf(root: string, file: string, body: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [, ref] of body.matchAll(/["'`]((?:\.\.?\/|\/)?[\w/.-]+\.(?:json|txt|html))["'`]/g)) {
    const path = place(root, file, ref as string);
    if (existsSync(path)) out[ref as string] = readFileSync(path, 'utf8');
  }
  if (body.includes('idl_test(')) Object.assign(out, interfacesIn(root, file));
  return out;
}

/** The interface definitions that a test of them names, by the path that it asks for them. */
function interfacesIn(root: string, file: string): Record<string, string> {
  const named = [...readFileSync(file, 'utf8').matchAll(/'([a-z0-9-]+)'/gi)].map(
    ([, name]) => `/interfaces/${name}.idl`,
  );
  const there = named.filter((path) => existsSync(join(root, path)));
  return Object.fromEntries(there.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}
