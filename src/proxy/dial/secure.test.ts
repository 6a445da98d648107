/** What an origin's certificate must be, beyond what `test/threats/origins.test.ts` asks of a whole gate. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, createServer } from 'node:tls';
import { afterAll, expect, it } from 'vitest';
import { secure } from './secure.ts';

const dir = mkdtempSync(join(tmpdir(), 'locktender-secure-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const SAN = 'subjectAltName=DNS:o.test';

/** A certificate that is its own root, for `/CN=o.test`. */
function certified(key: readonly string[], extension: string) {
  const [keyFile, certFile] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const named = ['-subj', '/CN=o.test', '-addext', extension];
  execFileSync(
    'openssl',
    ['req', '-x509', '-nodes', '-newkey', ...key, '-keyout', keyFile, '-out', certFile, ...named],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(keyFile), cert: readFileSync(certFile, 'utf8') };
}

it.each<[string, readonly string[], string, object]>([
  ['its name in subjectAltName is good', EC, SAN, {}],
  ['no name but its common name', EC, 'extendedKeyUsage=serverAuth', { detail: 'no_subject_alt_name' }],
  ['another name there', EC, 'subjectAltName=DNS:p.test', { detail: 'err_tls_cert_altname_invalid' }],
  ['its name as a client', EC, `${SAN}\nextendedKeyUsage=clientAuth`, { detail: 'invalid_purpose' }],
  ['a key of 1024 bits', ['rsa:1024'], SAN, { detail: 'ee_certificate_key_too_weak' }],
])('a certificate with %s', async (_, newKey, extension, problem) => {
  const { key, cert } = certified(newKey, extension);
  const origin = createServer({ key, cert, ciphers: 'DEFAULT:@SECLEVEL=0' }, (socket) => socket.on('error', () => {}));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const socket = connect((origin.address() as AddressInfo).port, '127.0.0.1');
  const trust = createSecureContext({ ca: [cert] });
  const securing = { name: 'o.test', isAddress: false, alpn: ['http/1.1'], trust, timeoutMs: 10_000 };
  const outcome = await secure(socket, securing).then(
    (tls) => {
      tls.destroy();
      return {};
    },
    ({ reason, detail }) => ({ reason, detail }),
  );
  origin.close();
  const refused = { reason: 'upstream_tls_invalid', ...problem };
  expect(outcome).toEqual('detail' in problem ? refused : {});
});
