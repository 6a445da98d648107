/** The files that make a sandbox's tools trust our CA: made in one directory, named by the environment contract. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemBundle } from './ca-bundle.ts';
import type { SandboxAccess } from './environment.ts';
import { javaTrustStore, TRUST_STORE_PASSWORD } from './java-trust-store.ts';

export type TrustFiles = Omit<SandboxAccess, 'proxyUrl'>;

/** Writes each by rename, so that a tool reading it never sees half, whoever else writes them now. Public data: 0644. */
export function writeTrustFiles(dir: string, ownCaPem: string, now: number): TrustFiles {
  mkdirSync(join(dir, 'php.d'), { recursive: true });
  const put = (name: string, content: string | Buffer): string => {
    const path = join(dir, name);
    const fresh = `${path}.${process.pid}.new`;
    writeFileSync(fresh, content, { mode: 0o644 });
    renameSync(fresh, path);
    return path;
  };
  const merged = `${systemBundle().trimEnd()}\n\n# Locktender\n${ownCaPem.trim()}\n`;
  const mergedCaFile = put('bundle.pem', merged);
  return {
    mergedCaFile,
    ownCaFile: put('ca.pem', ownCaPem),
    wgetrc: put('wgetrc', `ca_certificate = ${mergedCaFile}\n`),
    aptConf: put('apt.conf', aptConf(mergedCaFile)),
    phpIniDir: dirname(
      put('php.d/locktender.ini', `curl.cainfo="${mergedCaFile}"\nopenssl.cafile="${mergedCaFile}"\n`),
    ),
    javaTrustStore: { file: put('trust.jks', javaTrustStore(merged, now)), password: TRUST_STORE_PASSWORD },
  };
}

/**
 * apt as root fetches as the user `_apt`, who can neither read this directory nor be become behind the wall, where root has no
 * capabilities: it fetches as itself.
 */
function aptConf(mergedCaFile: string): string {
  return `Acquire::https::CAInfo "${mergedCaFile}";\nAPT::Sandbox::User "root";\n`;
}
