import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, parseHost } from '../core/host.ts';
import { type CertificateAuthority, openCertificateAuthority } from './certificate-authority.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
let dir = '';
let ca: CertificateAuthority;

const host = (text: string): Host => {
  const parsed = parseHost(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

function hasCertutil(): boolean {
  return spawnSync('certutil', ['-H']).error === undefined;
}

const open = () => openCertificateAuthority({ dir, name: 'ca', commonName: 'Locktender test CA', clock });

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pki-'));
  ca = open();
});
afterAll(() => rmSync(dir, { recursive: true }));

const HOSTS = [
  'example.com',
  '192.0.2.7',
  '[2001:db8::1]',
  'xn--bcher-kva.example',
  `${'a'.repeat(60)}.${'b'.repeat(60)}.example`,
  `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(50)}.example`,
  'under_score.example',
];

describe('the certificate authority', () => {
  it('keeps its key readable by its owner only, and is the same after a restart', () => {
    expect(statSync(join(dir, 'ca.key')).mode & 0o777).toBe(0o600);
    expect(open().pem).toBe(ca.pem);
  });

  it.each(HOSTS)('mints a leaf for %s that OpenSSL takes under its strict rules', (name) => {
    writeFileSync(join(dir, 'ca-only.pem'), ca.pem);
    writeFileSync(join(dir, 'leaf.pem'), ca.leafFor(host(name)).cert);
    const bare = host(name).name;
    const check = host(name).ip ? ['-verify_ip', bare] : ['-verify_hostname', bare];
    const out = execFileSync(
      'openssl',
      [
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        ...check,
        '-CAfile',
        join(dir, 'ca-only.pem'),
        join(dir, 'leaf.pem'),
      ],
      { encoding: 'utf8' },
    );
    expect(out).toContain('OK');
  });

  it.skipIf(!hasCertutil())('mints leaves that NSS takes for servers', () => {
    const db = ['-d', `sql:${join(dir, 'nss')}`];
    mkdirSync(join(dir, 'nss'));
    const certutil = (...args: string[]) => execFileSync('certutil', [...args, ...db], { encoding: 'utf8' });
    certutil('-N', '--empty-password');
    writeFileSync(join(dir, 'nss-ca.pem'), ca.pem);
    certutil('-A', '-n', 'ca', '-t', 'C,,', '-a', '-i', join(dir, 'nss-ca.pem'));
    for (const [i, name] of HOSTS.entries()) {
      const file = join(dir, `nss-${i}.pem`);
      writeFileSync(file, ca.leafFor(host(name)).cert.split(/(?<=-----END CERTIFICATE-----\n)/)[0] ?? '');
      certutil('-A', '-n', `leaf-${i}`, '-t', ',,', '-a', '-i', file);
      expect(certutil('-V', '-n', `leaf-${i}`, '-u', 'V', '-e')).toContain('certificate is valid');
    }
  });

  it('gives leaves a life of 397 days at most, a positive serial and one name only', () => {
    const leaf = new X509Certificate(ca.leafFor(host('example.com')).cert);
    const days = (leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / 86_400_000;
    expect(days).toBeLessThanOrEqual(397);
    expect(leaf.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(leaf.subjectAltName).toBe('DNS:example.com');
    expect(leaf.checkHost('www.example.com')).toBeUndefined();
  });

  it.each([1, 2, 7])('of %i days holds for as long as it is kept, a third of its life, and longer', (leafDays) => {
    const short = openCertificateAuthority({ dir, name: 'ca', commonName: 'Locktender test CA', clock, leafDays });
    const leaf = new X509Certificate(short.leafFor(host('example.com')).cert);
    const days = (leaf.validToDate.getTime() - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(leafDays / 3);
    expect(leaf.validFromDate.getTime()).toBeLessThan(Date.now() - 3_600_000);
  });

  it('serves a real handshake that verifies, and not for another name', async () => {
    const server = createServer({ SNICallback: (name, done) => done(null, ca.contextFor(host(name))) }, (s) =>
      s.end('hi'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const shake = (servername: string, expected: string) =>
      new Promise<string>((resolve) => {
        const socket = connect({
          port,
          host: '127.0.0.1',
          servername,
          ca: ca.pem,
          checkServerIdentity: (_n, cert) => {
            return cert.subjectaltname === `DNS:${expected}` ? undefined : new Error('other name');
          },
        });
        socket.once('secureConnect', () => resolve('ok'));
        socket.once('error', (error) => resolve(error.message));
      });
    expect(await shake('one.example', 'one.example')).toBe('ok');
    expect(await shake('two.example', 'one.example')).toBe('other name');
    server.close();
  });

  it.each([
    [
      'its key is another',
      'ca.key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      /`.*ca\.pem` is not the certificate of `.*ca\.key`/,
    ],
    ['its key is of another kind', 'ca.key', generateKeyPairSync('ed25519'), /`.*ca\.key` holds no P-256 key/],
    ['its key is broken', 'ca.key', 'half of a k', /`.*ca\.key` holds no private key/],
    ['its certificate is broken', 'ca.pem', 'half of a c', /`.*ca\.pem` holds no certificate/],
  ] as const)('says which file is wrong and what to do where %s', (_, name, content, said) => {
    const broken = mkdtempSync(join(dir, 'broken-'));
    const open = () => openCertificateAuthority({ dir: broken, name: 'ca', commonName: 'Locktender test CA', clock });
    open();
    const text = typeof content === 'string' ? content : content.privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(join(broken, name), text);
    expect(open).toThrow(said);
    expect(open).toThrow(/restore .*backup/);
  });

  it('keeps one context a host', () => {
    expect(ca.contextFor(host('cached.example'))).toBe(ca.contextFor(host('cached.example')));
  });

  it('makes a context anew on a clock that was set back, or far forward: its leaf is not good there', () => {
    let at = Date.now();
    const turned = { now: () => at, monotonic: () => 0 };
    const other = openCertificateAuthority({ dir, name: 'ca', commonName: 'Locktender test CA', clock: turned });
    const context = () => other.contextFor(host('turned.example'));
    const first = context();
    at += 3_600_000;
    expect(context()).toBe(first);
    at -= 30 * 86_400_000;
    const second = context();
    expect(second).not.toBe(first);
    at += 200 * 86_400_000;
    expect(context()).not.toBe(second);
  });
});
