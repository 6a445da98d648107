/**
 * Real clients through the gate, from behind the wall: `npm run test:clients`, which installs them first. What is not
 * installed is left out and named in docs/clients.md, which this writes.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sandboxEnvironment } from '../../src/sandbox/environment.ts';
import { writeTrustFiles } from '../../src/sandbox/trust-files.ts';
import { BRIDGE_PORT, runWalled } from '../../src/sandbox/walled-command.ts';
import { execute } from '../journey/running-appliance.ts';
import { type Lab, openLab } from '../proxy/lab.ts';
import { CLIENTS, type Client } from './clients.ts';
import { type ClientOrigin, GREETING, makePackages, startClientOrigin } from './origin.ts';
import { clientsPage, type Observed } from './page.ts';

const ROOT = new URL('../../', import.meta.url);
const dir = mkdtempSync(join(tmpdir(), 'locktender-clients-'));
const observed: Observed[] = [];
let lab: Lab;
let origin: ClientOrigin;
let environment: Readonly<Record<string, string>> = {};

/** Variables of the machine that would decide the outcome instead of the contract. */
const FOREIGN = /proxy|_CA|CERT|^NODE_|^npm_|^PIP_|^GIT_|^CARGO_HTTP|^VITEST|^VITE/i;
const machine = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name))),
  NODE: process.execPath,
  MODULES: new URL('package.json', ROOT).pathname,
  NODE_PATH: `${process.env['LOCKTENDER_CLIENTS_MODULES'] ?? ''}:${new URL('node_modules', ROOT).pathname}`,
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_GLOBAL: '/dev/null',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_CONFIG_FILE: '/dev/null',
  PIP_ROOT_USER_ACTION: 'ignore',
  npm_config_userconfig: '/dev/null',
  LC_ALL: 'C.UTF-8',
};

beforeAll(async () => {
  makePackages(dir);
  origin = await startClientOrigin(dir, (name) => lab.contextOf(name));
  lab = await openLab({}, [origin.port, origin.grpcPort]);
  // As `run` gives it: the pass itself is put in by the relay outside.
  const proxyUrl = `http://task:held-outside@127.0.0.1:${BRIDGE_PORT}`;
  const trust = writeTrustFiles(join(dir, 'trust'), lab.ca, Date.now());
  environment = sandboxEnvironment({ proxyUrl, ...trust });
});

afterAll(async () => {
  await lab?.close();
  origin?.close();
  rmSync(dir, { recursive: true, force: true });
});

let runs = 0;

async function walled(client: Client, host: string): Promise<{ code: number; out: string }> {
  runs += 1;
  const work = join(dir, `run-${runs}`);
  for (const [path, text] of Object.entries(client.files ?? {})) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), text);
  }
  mkdirSync(work, { recursive: true });
  const [proxyHost = '', proxyPort = ''] = lab.appliance.proxyAddress.split(':');
  const done = await runWalled({
    command: ['sh', '-c', `cd ${work} && exec > ${work}.out 2>&1\n${client.command}`],
    environment: {
      ...machine,
      ...environment,
      AT: `https://${host}:${origin.port}`,
      GRPC: `${host}:${origin.grpcPort}`,
      BRANCH: `run-${runs}`,
    },
    gate: { host: proxyHost, port: Number(proxyPort) },
    credentials: () => Buffer.from(lab.passes.write).toString('base64'),
    hide: [],
  });
  if (!done.ok) throw new Error(done.error);
  return { code: done.value, out: readFileSync(`${work}.out`, 'utf8') };
}

const LAB_PLACES = [
  [/locktender-clients-\w+/g, '…'],
  [/\b[34]\d{4}\b|\b5\d{4}\b|\b6[0-5]\d{3}\b/g, '8443'],
] as const;

/** The line that tells most: the one with the reason, else with the status, else the last. */
function saidIn(out: string): string {
  const lines = out.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Picked up JAVA'));
  const line =
    lines.findLast((l) => l.includes('(default_deny')) ??
    lines.findLast((l) => l.includes('403')) ??
    lines.at(-1) ??
    '';
  const plain = LAB_PLACES.reduce((text, [pattern, word]) => text.replaceAll(pattern, word), line.trim());
  const from = Math.max(0, plain.indexOf('(default_deny') - 100);
  return `${from > 0 ? '…' : ''}${plain.slice(from, from + 140)}${plain.length > from + 140 ? '…' : ''}`;
}

describe('clients', () => {
  it.each(CLIENTS.map((client) => [client.name, client] as const))('%s', async (name, client) => {
    const found = await execute(['sh', '-c', client.version], { env: machine });
    if (found.code !== 0) return;
    const allowed = await walled(client, 'web.lab.test');
    expect(allowed, allowed.out).toMatchObject({ code: 0, out: expect.stringContaining(GREETING) });
    const refused = await walled(client, 'denied.lab.test');
    expect(refused.code === 0 && refused.out.includes(GREETING), refused.out).toBe(false);
    const { events } = await lab.admin('/v1/audit?type=decision&limit=1');
    expect(JSON.stringify(events)).toContain('denied.lab.test');
    const said = saidIn(refused.out);
    expect(said).not.toBe('');
    const [version = ''] = (found.stdout || found.stderr).trim().split(/\n| \(| lib| from | built /);
    observed.push({ name, version, refused: said });
  });

  it('are written down', () => {
    expect(observed.length).toBeGreaterThan(3);
    writeFileSync(new URL('test/clients/matrix.json', ROOT), `${JSON.stringify(observed, null, 2)}\n`);
    writeFileSync(new URL('docs/clients.md', ROOT), clientsPage(CLIENTS, observed));
  });
});
