/** The certificates and keys of a receiver of the record. */

import { readFileSync } from 'node:fs';
import type { TlsFiles } from '../audit/forward/syslog-sink.ts';
import type { ForwardConfig } from '../config/forward-keys.ts';
import { errorCode } from '../store/files.ts';
import { StartRefused } from './start-refused.ts';

/** Throws `StartRefused` when one cannot be read. */
export function receiverFiles({ name, ca, cert, key }: ForwardConfig): TlsFiles {
  const read = (file: string) => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new StartRefused(`audit.forward \`${name}\`: cannot read \`${file}\` (${errorCode(error)})`);
    }
  };
  return {
    ...(ca === undefined ? {} : { ca: read(ca) }),
    ...(cert === undefined ? {} : { cert: read(cert) }),
    ...(key === undefined ? {} : { key: read(key) }),
  };
}
