/** The certificates and keys of a receiver of the record. */

import { readFileSync, statSync } from 'node:fs';
import type { TlsFiles } from '../../audit/forward/syslog-sink.ts';
import type { ForwardConfig } from '../../config/forward-keys.ts';
import { errorCode } from '../../store/files.ts';
import { StartRefused } from '../start-refused.ts';

/** Throws `StartRefused` when one cannot be read, or when others can read the headers, which hold secrets. */
export function receiverFiles({ name, ca, cert, key, headers_file: headers }: ForwardConfig): TlsFiles {
  const read = (file: string) => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new StartRefused(`audit.forward \`${name}\`: cannot read \`${file}\` (${errorCode(error)})`);
    }
  };
  if (headers !== undefined) {
    read(headers);
    if ((statSync(headers).mode & 0o077) !== 0)
      throw new StartRefused(`audit.forward \`${name}\`: others can read \`${headers}\`; run \`chmod 600 ${headers}\``);
  }
  return {
    ...(ca === undefined ? {} : { ca: read(ca) }),
    ...(cert === undefined ? {} : { cert: read(cert) }),
    ...(key === undefined ? {} : { key: read(key) }),
  };
}
