/** Secrets on disk: made once, 0600, never overwritten, refused when others could read them. */

import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Reads the file, or makes it with what `make` returns. Two processes that race end with one content. */
export function loadOrCreateSecret(file: string, make: () => string): string {
  if (!existsSync(file)) createSecret(file, make());
  const fd = openSync(file, 'r');
  try {
    const { mode } = fstatSync(fd);
    if ((mode & 0o077) !== 0) {
      throw new Error(`secret file \`${file}\` can be read by others; run \`chmod 600 ${file}\``);
    }
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** Under its own name only when it is whole and on disk: a full disk or a crash leaves no half of a secret behind. */
function createSecret(file: string, content: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  const dir = openSync(dirname(file), 'r');
  fsyncSync(dir);
  closeSync(dir);
}
