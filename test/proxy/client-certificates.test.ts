/** Client certificates in place of passes, over real TLS to the gate: one connection, one certificate, one task. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, everything, type Lab, openLab } from './lab.ts';

const dir = mkdtempSync(join(tmpdir(), 'locktender-clients-'));
const file = (name: string) => join(dir, name);
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function authority(name: string): void {
  openssl('req', '-x509', ...EC, '-days', '2', '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`);
}

interface Leaf {
  readonly by: string;
  readonly names: string;
  readonly subject?: string;
  readonly days?: number;
}

function leaf(name: string, { by, names, subject = `/CN=${name}`, days = 2 }: Leaf): void {
  writeFileSync(file(`${name}.ext`), `subjectAltName=${names}\n`);
  openssl('req', ...EC, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
  const from = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-days', String(days), '-extfile', `${name}.ext`];
  openssl('x509', '-req', '-in', `${name}.csr`, ...from, '-out', `${name}.pem`);
}

const CLIENTS = JSON.stringify([
  { name: 'build-1.example', tenant: 'acme', class: 'lab-read' },
  { name: 'spiffe://corp.example/ci', tenant: 'globex', class: 'lab-write' },
  { name: 'refused.example', tenant: 'acme', class: 'lab-read', profile: 'lab-write' },
]);

const config = () => ({
  'proxy.tls.cert': file('gate.pem'),
  'proxy.tls.key': file('gate.key'),
  'proxy.tls.client_ca': file('clients.pem'),
  'proxy.tls.clients': CLIENTS,
});

beforeAll(() => {
  authority('gate-ca');
  leaf('gate', { by: 'gate-ca', names: 'IP:127.0.0.1' });
  authority('clients');
  authority('strangers');
  leaf('build', { by: 'clients', names: 'DNS:build-1.example,DNS:other.example' });
  leaf('ci', { by: 'clients', names: 'URI:spiffe://corp.example/ci' });
  leaf('refused', { by: 'clients', names: 'DNS:refused.example' });
  // Its common name is mapped, but a common name is no name.
  leaf('unmapped', { by: 'clients', names: 'DNS:*.example,URI:build-1.example', subject: '/CN=build-1.example' });
  leaf('stranger', { by: 'strangers', names: 'DNS:build-1.example' });
  leaf('ended', { by: 'clients', names: 'DNS:build-1.example', days: 0 });
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Event {
  readonly id: string;
  readonly type: string;
  readonly tenant: string | null;
  readonly task: string | null;
  readonly reason?: string;
  readonly caller?: string;
  readonly admitted?: boolean;
}

async function events(at: Lab, type: string): Promise<Event[]> {
  const { events: found } = await at.admin(`/v1/audit?type=${type}&limit=1000`);
  return (found as { event: Event }[]).map(({ event }) => event);
}

const admissions = async (at: Lab) =>
  (await events(at, 'task.admitted')).filter(({ caller }) => caller?.startsWith('cert/'));

/** The task that certificates of a tenant were admitted as. */
const taskOf = async (at: Lab, tenant: string) =>
  (await admissions(at)).find((event) => event.admitted && event.tenant === tenant)?.task;

/** What `read` gives after `act` and did not before. */
async function since(read: () => Promise<Event[]>, act: () => Promise<void>): Promise<Event[]> {
  const before = new Set((await read()).map(({ id }) => id));
  await act();
  return (await read()).filter(({ id }) => !before.has(id));
}

function door(at: Lab, who: string, more: ConnectionOptions = {}): TLSSocket {
  const [host = '', port = ''] = at.appliance.proxyAddress.split(':');
  const own = { cert: readFileSync(file(`${who}.pem`)), key: readFileSync(file(`${who}.key`)) };
  const socket = connect({ host, port: Number(port), ca: readFileSync(file('gate-ca.pem')), ...own, ...more });
  socket.on('error', () => undefined);
  return socket;
}

const request = (at: Lab, fields = '', method = 'GET') => {
  const target = `web.lab.test:${at.plainPort}`;
  return `${method} http://${target}/ HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n${fields}\r\n`;
};

/** The status of one request on a connection of its own, and the reason of a denial. */
async function ask(at: Lab, who: string, fields = '', method = 'GET'): Promise<string> {
  const socket = door(at, who);
  socket.write(request(at, fields, method));
  const said = await everything(socket);
  return `${said.slice(9, 12)} ${/details="([a-z_]+)/.exec(said)?.[1] ?? ''}`.trim();
}

/** A CONNECT with TLS of the sandbox's own inside, as inspected. */
async function tunnel(at: Lab, who: string): Promise<TLSSocket> {
  const outer = door(at, who);
  const target = `web.lab.test:${at.tlsPort}`;
  outer.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  const said = await new Promise<string>((resolve) => outer.once('data', (chunk) => resolve(chunk.toString('latin1'))));
  expect(said).toMatch(/^HTTP\/1\.1 200 /);
  const socket = connect({ socket: outer, ca: at.ca, servername: 'web.lab.test' });
  socket.on('error', () => undefined);
  return socket;
}

/** Such a tunnel whose answer does not end. */
async function live(at: Lab, who: string): Promise<TLSSocket> {
  at.script = (origin) => {
    origin.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n');
    const more = setInterval(() => origin.write('plain text. '.repeat(20)), 5);
    origin.once('close', () => clearInterval(more));
  };
  const socket = await tunnel(at, who);
  let said = '';
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  socket.write(`GET /endless HTTP/1.1\r\nHost: web.lab.test:${at.tlsPort}\r\n\r\n`);
  await expect.poll(() => said, { timeout: 10_000 }).toMatch(/^HTTP\/1\.1 200 /);
  return socket;
}

const over = (socket: TLSSocket) => expect.poll(() => socket.destroyed, { timeout: 10_000 }).toBe(true);

/** Live tunnels of two certificates: what ends one leaves the other alone. */
async function endsAtOnce(at: Lab): Promise<void> {
  const [build, ci] = [await live(at, 'build'), await live(at, 'ci')];
  const task = await taskOf(at, 'acme');
  const { tasks } = await at.admin('/v1/tasks');
  expect(tasks).toContainEqual(expect.objectContaining({ id: task, tenant: 'acme', flows: 2, killed: null }));
  const admitted = await since(
    () => admissions(at),
    async () => {
      expect(await at.admin(`/v1/tasks/${task}/kill`, { why: 'test' })).toMatchObject({ cut: 2, missed: [] });
      await over(build);
      expect(ci.destroyed).toBe(false);
      expect(await ask(at, 'build')).toBe('403 task_killed');
      expect(await at.admin('/v1/tenants/globex/quarantine', { why: 'test' })).toMatchObject({ cut: 2, missed: [] });
      await over(ci);
      expect(await ask(at, 'ci')).toBe('403 tenant_quarantined');
    },
  );
  expect(admitted).toEqual([]);
}

describe('a client certificate that is mapped', () => {
  let lab: Lab;
  beforeAll(async () => {
    // One thread: a session is resumed where its ticket is from, elsewhere there is a whole handshake.
    lab = await openLab({ ...config(), workers: '1' });
    // A POST on a connection that the origin is just ending is a 502 of its own, and not tried again.
    lab.script = (origin) => origin.end(answer('hello', 'Connection: close\r\n'));
  }, 120_000);
  afterAll(() => lab?.close());
  const decisions = () => events(lab, 'decision');

  it('stands for a pass, and the record names its tenant and task', async () => {
    const asked = await Promise.all(Array.from({ length: 8 }, () => ask(lab, 'build')));
    expect(asked).toEqual(Array(8).fill('200'));
    const inside = await tunnel(lab, 'build');
    inside.write(`GET / HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\nConnection: close\r\n\r\n`);
    expect(await everything(inside)).toMatch(/^HTTP\/1\.1 200 [\s\S]*hello$/);
    const [admission, ...more] = await admissions(lab);
    expect(more).toEqual([]);
    expect(admission).toMatchObject({ tenant: 'acme', admitted: true, caller: 'cert/build-1.example' });
    expect(new Set((await decisions()).map(({ tenant, task }) => `${tenant} ${task}`))).toEqual(
      new Set([`acme ${admission?.task}`]),
    );
  }, 60_000);

  it('T-26 is one of many: connections of different certificates never mix, and a pass that is sent counts first', async () => {
    const body = 'Content-Length: 0\r\n';
    const decided = await since(decisions, async () => {
      // Only the class of `ci` may write.
      const who = Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? 'build' : 'ci'));
      const asked = await Promise.all(who.map((name) => ask(lab, name, body, 'POST')));
      expect(asked).toEqual(who.map((name) => (name === 'build' ? '403 default_deny' : '200')));
      expect(await ask(lab, 'ci', `${lab.authorization()}${body}`, 'POST')).toBe('403 default_deny');
      expect(await ask(lab, 'ci', 'Proxy-Authorization: Bearer nonsense\r\n')).toBe('403 pass_malformed');
    });
    expect(new Set(decided.map(({ tenant, reason }) => `${tenant} ${reason}`))).toEqual(
      new Set(['acme default_deny', 'globex capability_grants', 'null pass_malformed']),
    );
  }, 60_000);

  it('is refused with its reason when admission refuses it, and needs a pass when it is mapped to nobody', async () => {
    const admitted = await since(
      () => admissions(lab),
      async () => {
        expect(await ask(lab, 'refused')).toBe('403 pass_not_admitted');
        expect(await ask(lab, 'unmapped')).toBe('407 pass_missing');
        expect(await ask(lab, 'unmapped', lab.authorization())).toBe('200');
        expect(await ask(lab, 'stranger', lab.authorization())).toBe('');
        expect(await ask(lab, 'ended', lab.authorization())).toBe('');
      },
    );
    expect(admitted).toMatchObject([{ admitted: false, tenant: 'acme', caller: 'cert/refused.example' }]);
  }, 60_000);

  it('is known again when its TLS session is resumed, and cannot be changed by a second handshake', async () => {
    const decided = await since(decisions, async () => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const only = { minVersion: version, maxVersion: version } as const;
        const first = door(lab, 'build', only);
        const ticket = new Promise<Buffer>((resolve) => first.once('session', resolve));
        first.write(request(lab));
        expect(await everything(first)).toMatch(/^HTTP\/1\.1 200 /);
        // Another certificate that is shown with it is of no use: the session is of the first.
        const again = door(lab, 'ci', { ...only, session: await ticket });
        const resumed = new Promise((resolve) => again.once('secureConnect', () => resolve(again.isSessionReused())));
        again.write(request(lab, 'Content-Length: 0\r\n', 'POST'));
        expect(await everything(again)).toContain('default_deny');
        expect(await resumed).toBe(true);
      }
    });
    expect(decided.map(({ tenant }) => tenant)).toEqual(Array(4).fill('acme'));
    const socket = door(lab, 'build', { maxVersion: 'TLSv1.2' });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const refused = await new Promise((resolve) => {
      socket.once('error', resolve).once('close', () => resolve('closed'));
      socket.renegotiate({}, (error) => resolve(error));
    });
    expect(refused).not.toBeNull();
  }, 60_000);

  it('ends at once, live, when its task is killed or its tenant quarantined', () => endsAtOnce(lab), 60_000);

  it('does so with egress workers, too', async () => {
    const several = await openLab({ ...config(), workers: '2' });
    try {
      await endsAtOnce(several);
    } finally {
      await several.close();
    }
  }, 120_000);
});
