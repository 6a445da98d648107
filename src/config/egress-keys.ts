/** Keys of the egress proxy: its door, its bounds, and how it reaches origins. */

import { z } from 'zod';
import { resolver } from './resolver-keys.ts';
import { advertised, files, integer, listen, path, tenantName, text } from './schema-kinds.ts';

/** Nothing that would have to be quoted where names of certificates are listed, and no wildcard. */
const CLIENT_NAME = /^(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|[A-Za-z][A-Za-z0-9+.-]*:[!#-&()+\--[\]-~]+)$/;

const client = z
  .strictObject({
    name: z
      .string()
      .regex(CLIENT_NAME, 'must be a DNS name, or a URI such as `spiffe://example.org/build`, without wildcards')
      .describe(
        'DNS name or URI, exactly as a subject alternative name of the certificate has it; never its common name',
      ),
    tenant: tenantName.describe('tenant of its tasks'),
    class: text.optional().describe('request class of its tasks; default: that of admission'),
    profile: text.optional().describe('profile asked for; default: that of the class'),
  })
  .describe('a client whose certificate stands for a pass');

const tls = z
  .strictObject({
    cert: path.describe('PEM file of the certificate of the proxy door'),
    key: path.describe('PEM file of its key'),
    client_ca: path.optional().describe('PEM file of the CA of client certificates'),
    clients: z
      .array(client)
      .default([])
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'must have no name twice')
      .describe('clients whose certificate stands for a pass; the first that a certificate names is the one'),
  })
  .refine((own) => own.clients.length === 0 || own.client_ca !== undefined, {
    path: ['clients'],
    message: 'needs `client_ca`: without it nobody is asked for a certificate',
  })
  .describe('TLS to the proxy itself; absent means clear on the listen address');

const deadlines = z
  .strictObject({
    head_ms: integer(100, 600_000, 10_000).describe('for a whole request head'),
    request_ms: integer(0, 86_400_000, 0).describe('for a whole request; 0 for no bound'),
    hello_ms: integer(100, 600_000, 10_000).describe('for the TLS ClientHello in a tunnel'),
    connect_ms: integer(100, 600_000, 10_000).describe('for a connection to an origin'),
    response_ms: integer(100, 3_600_000, 300_000).describe("for an origin's response head"),
    idle_ms: integer(100, 86_400_000, 600_000).describe('between two pieces of a body or a tunnel'),
    keep_alive_ms: integer(100, 3_600_000, 60_000).describe('between requests on one client connection'),
  })
  .describe('deadlines');

const MOST = Number.MAX_SAFE_INTEGER;

const limits = z
  .strictObject({
    connections: integer(1, 1_000_000, 20_000).describe('client connections at once'),
    head_bytes: integer(1024, 1024 * 1024, 32 * 1024).describe('bytes of a request head'),
    header_fields: integer(10, 10_000, 128).describe('fields in one head'),
    upstream_pools: integer(1, 1_000_000, 2_000).describe('pools of connections to origins that are kept'),
    tenant_concurrency: integer(1, 1_000_000, 10_000).describe('exchanges of one tenant at once'),
    tenant_rate: integer(1, 1_000_000, 100_000).describe('requests of one tenant a second'),
    tenant_window_ms: integer(1_000, 2_678_400_000, 86_400_000).describe(
      'time over which the sums of a tenant below are taken; then, and at a start, they begin anew',
    ),
    tenant_requests: integer(0, MOST, 0).describe('requests of all tasks of one tenant in that time; 0 for no bound'),
    tenant_bytes_up: integer(0, MOST, 0).describe('bytes that they send to origins; 0 for no bound'),
    tenant_bytes_down: integer(0, MOST, 0).describe('bytes that they receive; 0 for no bound'),
    tenant_distinct_hosts: integer(0, 1_000_000, 0).describe('hosts that they contact; 0 for no bound'),
    tenant_leak_bytes: integer(0, MOST, 0).describe(
      'bytes of unusual data that they put into names, paths and queries; 0 for no bound',
    ),
  })
  .describe('limits');

const inspect = z
  .strictObject({
    leaf_cache: integer(16, 1_000_000, 10_000).describe('leaf certificates kept'),
    leaf_days: integer(1, 397, 7).describe('life of a leaf certificate'),
    upstream_ca: files.describe('PEM files of further CAs that origins may use'),
    ech: z.enum(['refuse', 'allow']).default('refuse').describe('encrypted ClientHello in tunnels'),
    sni_optional: z.array(text).default([]).describe('hosts whose clients may leave SNI out in a tunnel'),
  })
  .describe('TLS: inspecting it with our CA, and checking it in tunnels');

const pinned = z
  .strictObject({
    hosts: z.array(text).min(1).describe('hosts, `api.example.com` or `*.example.com`'),
    fields: z
      .record(
        z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'must be a field name'),
        z.string().regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 'must be printable ASCII'),
      )
      .describe('field name to value, for example `X-Goog-Allowed-Domains: example.com`'),
  })
  .describe('fields that the gate sets in every request to these hosts');

/** Of user and password together: RFC 1929 gives each 255 bytes, and Basic ends the user at its first colon. */
function isLogin(text: string): boolean {
  try {
    const { username, password } = new URL(text);
    const [user, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
    return !user.includes(':') && Buffer.byteLength(user) <= 255 && Buffer.byteLength(secret) <= 255;
  } catch {
    return false;
  }
}

const parent = z
  .strictObject({
    url: z
      .string()
      .regex(
        /^(http|https|socks5):\/\/\S+:[0-9]+\/?$/,
        'must be `http://address:port`, `https://address:port` or `socks5://address:port`',
      )
      .refine(isLogin, 'must have user and password percent-encoded, of 255 bytes at most, and no colon in the user')
      .describe(
        '`http://address:port`, `https://address:port` or `socks5://address:port`, with `user:password@` where it asks for it',
      ),
    name: text
      .optional()
      .describe('whom the certificate of an `https://` parent must be for; default: the host of `url`'),
    ca: files.describe(
      "PEM files of the CAs that an `https://` parent's certificate may be of; default: the runtime's own",
    ),
    destination: z
      .enum(['address', 'name'])
      .default('address')
      .describe('`address`: it is told the address that was checked; `name`: it resolves again, and the pin ends here'),
  })
  .refine((own) => own.url.startsWith('https:') || (own.name === undefined && own.ca.length === 0), {
    path: ['url'],
    message: 'must be `https://…` where `name` or `ca` is set: without TLS nothing is verified',
  })
  .describe('parent proxy for everything that leaves; absent means directly');

export const egressDoor = z
  .strictObject({
    listen: listen('127.0.0.1:3128'),
    advertise: advertised,
    tls: tls.optional(),
    inspect: inspect.prefault({}),
    deadlines: deadlines.prefault({}),
    limits: limits.prefault({}),
    pinned_fields: z
      .array(pinned)
      .default([])
      .describe('fields by which providers are told which accounts may be used; what a sandbox sends there is dropped'),
    resolver: resolver.prefault({}),
    parent: parent.optional(),
  })
  .describe('egress proxy');
