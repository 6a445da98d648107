/** The kinds of value that configuration keys have. */

import { z } from 'zod';
import { TENANT_LETTERS, TENANT_NAME } from '../core/tenant-name.ts';
import { parseListen } from './listen-address.ts';

export const text = z.string().min(1, 'must not be empty');

export const tenantName = z.string().regex(TENANT_NAME, `must be a tenant name of ${TENANT_LETTERS}`);

/** Marks keys that hold paths: a relative one is resolved against the file or directory that named it. */
export const PATHS = z.registry<{ path: true }>();

export const path = z.string().min(1, 'must not be empty').register(PATHS, { path: true });

export const files = z.array(path).default([]);

export const integer = (least: number, most: number, normal: number) =>
  z
    .int('must be a whole number')
    .min(least, `must be at least ${least}`)
    .max(most, `must be at most ${most}`)
    .default(normal);

const LISTEN_HELP = 'must be an address and a port, such as `127.0.0.1:3128`';

/** `address:port` in the file, `{host, port}` in the program. */
export const listen = (normal: string) =>
  z
    .string()
    .default(normal)
    .transform((value, context) => {
      const at = parseListen(value);
      if (at) return at;
      context.addIssue({ code: 'custom', message: LISTEN_HELP });
      return z.NEVER;
    })
    .describe('where it listens; port 0 takes any free port');

/** `host:port` by which clients elsewhere reach a door; a name is allowed. */
export const advertised = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$/, 'must be `host:port`')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) < 65_536, 'must have a port below 65536')
  .optional()
  .describe('`host:port` by which sandboxes reach it, as passes name it; default: where it listens');
