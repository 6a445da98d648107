/** The configuration of an appliance of a test: its state in a directory of its own, every door on a free port of loopback. */

import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';

const ANY = '127.0.0.1:0';

/** `hosts` are addresses by name. */
export function loopbackConfig(
  dir: string,
  more: Readonly<Record<string, string>> = {},
  hosts: Record<string, string[]> = {},
): Config {
  const flags = {
    'proxy.listen': ANY,
    'socks.listen': ANY,
    'gateway.listen': ANY,
    'admin.listen': ANY,
    'log.level': 'error',
    state: join(dir, 'state'),
    ...more,
  };
  const loaded = loadConfig({ file: null, text: null, env: {}, flags, cwd: dir });
  if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join('; '));
  const { proxy } = loaded.value;
  return { ...loaded.value, proxy: { ...proxy, resolver: { ...proxy.resolver, hosts } } };
}
