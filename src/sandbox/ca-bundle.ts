/** What the system trusts: tools whose variable replaces their whole bundle need it beside our CA. */

import { existsSync, readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

/** Where distributions keep the bundle; the first that exists is used. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;

/** PEM of the system's trusted certificates; Node's own list where the system has none. */
export function systemBundle(candidates: readonly string[] = SYSTEM_BUNDLES): string {
  const file = candidates.find((path) => existsSync(path));
  return file ? readFileSync(file, 'utf8') : `${rootCertificates.join('\n')}\n`;
}
