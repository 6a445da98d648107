/** The merged CA bundle: what the system trusts and our CA, for tools whose variable replaces their whole bundle. */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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

/** Writes `system + own` to `file` by rename, so that a tool reading it never sees half. Public data: 0644. */
export function writeMergedBundle(file: string, ownCaPem: string): void {
  const system = systemBundle().trimEnd();
  const draft = `${file}.new`;
  writeFileSync(draft, `${system}\n\n# Locktender\n${ownCaPem.trim()}\n`, { mode: 0o644 });
  renameSync(draft, file);
}
