/** Keys of a fleet (`fleet`): one hub, whose controls and policy many members follow, over NATS JetStream. */

import { z } from 'zod';
import { integer, path, text } from './schema-kinds.ts';

const LOOPBACK = /^(127(\.[0-9]{1,3}){3}|\[::1\]|localhost)$/;

const server = z
  .string()
  .refine(isServer, 'must be `nats://host:port` or `tls://host:port`, without a user, a password or a path')
  .describe('a NATS server');

/** Name and key of a node of a fleet, in the form of a C2SP verifier key; `locktender fleet key` prints it. */
const nodeKey = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9.-]{0,62}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/,
    'must be a key such as `hub+1a2b3c4d+AV…`; run `locktender fleet key` at the hub',
  );

export const fleet = z
  .strictObject({
    role: z
      .enum(['hub', 'member'])
      .describe('`hub`: its controls and policy are the ones of the fleet; `member`: it follows the hub'),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be up to 32 lower-case letters, digits and hyphens')
      .default('main')
      .describe('of the fleet, the same at each of its nodes; several may share a NATS server'),
    servers: z.array(server).min(1, 'must name one at least').describe('NATS servers with JetStream, any of them'),
    plaintext: z
      .boolean()
      .default(false)
      .describe('whether `nats://` may leave this machine: all that is sent can then be read on the way, never forged'),
    ca: path.optional().describe('PEM file of the CAs that NATS is verified by; default: those of the system'),
    cert: path.optional().describe('PEM file of our certificate, where NATS asks for one'),
    key: path.optional().describe('PEM file of its key'),
    user: text.optional().describe('at NATS; with `password_file`'),
    password_file: path.optional().describe('file (0600) with the password at NATS, read at each connection'),
    token_file: path.optional().describe('file (0600) with a token of NATS, read at each connection'),
    creds_file: path.optional().describe('file (0600) with credentials of NATS, read at each connection'),
    hub_key: nodeKey.optional().describe('members: the key of the hub, as `locktender fleet key` prints it there'),
    members: path
      .optional()
      .describe(
        'hub: file with the keys of the members, one a line as `locktender fleet key` prints it; read again when it changes',
      ),
    lease_ms: integer(1000, 300_000, 60_000).describe(
      'longest that a member acts without word of the hub; of what hub and member say the shorter counts',
    ),
    confirm_ms: integer(100, 30_000, 2000).describe('hub: longest that an answer to a change waits for the members'),
  })
  .superRefine((node, context) => {
    const wrong = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (node.role === 'member' && node.hub_key === undefined) wrong('hub_key', 'must be given at a member');
    if (node.role === 'hub' && node.members === undefined) wrong('members', 'must be given at the hub');
    if (node.role === 'hub' && node.hub_key !== undefined) wrong('hub_key', 'is for members; leave it out at the hub');
    if (node.role === 'member' && node.members !== undefined) wrong('members', 'is for the hub; leave it out');
    if ((node.cert === undefined) !== (node.key === undefined)) wrong('cert', 'and `key` go together');
    if ((node.user === undefined) !== (node.password_file === undefined))
      wrong('user', 'and `password_file` go together');
    const ways = [node.user, node.token_file, node.creds_file].filter((way) => way !== undefined);
    if (ways.length > 1) wrong('user', '`token_file` and `creds_file` exclude one another; give one');
    transport(node, wrong);
  })
  .describe('a fleet: several appliances under one hub; see docs/fleet.md');

function transport(
  { servers, plaintext }: { readonly servers: readonly string[]; readonly plaintext: boolean },
  wrong: (key: string, message: string) => void,
): void {
  const urls = servers.flatMap((one) => URL.parse(one) ?? []);
  const open = urls.filter(({ protocol }) => protocol === 'nats:');
  if (open.length > 0 && open.length < urls.length)
    wrong('servers', 'must all be `tls://` or all `nats://`: one in the clear would undo the others');
  else if (!plaintext && open.some(({ hostname }) => !LOOPBACK.test(hostname)))
    wrong('servers', 'must be `tls://` beyond this machine; `plaintext: true` takes `nats://` all the same');
}

function isServer(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^(nats|tls):$/.test(url.protocol) &&
    url.hostname !== '' &&
    url.username === '' &&
    url.password === '' &&
    /^[a-z]+:\/\/[^/?#@]+\/?$/.test(text)
  );
}
