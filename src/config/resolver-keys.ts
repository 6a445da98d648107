/** Keys of name resolution. Fixed answers are kept under canonical names, as what is asked for is. */

import { z } from 'zod';
import { parseHost } from '../core/host.ts';
import { ipText, parseIp } from '../core/ip-address.ts';
import { integer } from './schema-kinds.ts';

const server = z
  .string()
  .refine(isServer, 'must be `address` or `address:port`, IPv6 with a port in brackets, such as `127.0.0.1:53`');

const address = z.string().transform((value, context) => {
  const ip = parseIp(value);
  if (ip !== null) return ipText(ip);
  context.addIssue({ code: 'custom', message: 'must be an IPv4 or IPv6 address' });
  return z.NEVER;
});

const hosts = z
  .record(z.string(), z.array(address).min(1))
  .default({})
  .transform((given, context) => {
    const canonical = new Map<string, string[]>();
    for (const [name, addresses] of Object.entries(given)) {
      const host = parseHost(name);
      if (!host.ok || host.value.kind !== 'name') context.addIssue(problem(name, 'must be a host name'));
      else if (canonical.has(host.value.name))
        context.addIssue(problem(name, `is \`${host.value.name}\`, which stands here twice`));
      else canonical.set(host.value.name, addresses);
    }
    return Object.fromEntries(canonical);
  });

export const resolver = z
  .strictObject({
    servers: z
      .array(server)
      .default([])
      .describe(
        'DNS servers, `address` or `address:port`; where one is silent or fails, the next is asked; default: those of the system',
      ),
    timeout_ms: integer(50, 60_000, 5_000).describe('for one resolution'),
    hosts: hosts.describe(
      'fixed answers, name to addresses, however the name is spelt; the addresses are checked like any other',
    ),
  })
  .describe('name resolution');

function problem(name: string, message: string) {
  return { code: 'custom' as const, message, path: [name] };
}

function isServer(text: string): boolean {
  if (parseIp(text) !== null) return true;
  const [, four, six, port = ''] = /^(?:([0-9.]+)|\[([0-9a-fA-F:.]+)\])(?::([1-9][0-9]{0,4}))?$/.exec(text) ?? [];
  return parseIp(four ?? six ?? '') !== null && Number(port) <= 65_535;
}
