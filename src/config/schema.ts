/**
 * The configuration: one schema that gives the types, the validation, the JSON Schema and the reference page. Every
 * key is optional; the defaults are the ones of a single machine that serves its own sandboxes.
 */

import { z } from 'zod';
import { isSafeUrl } from '../core/safe-url.ts';
import { egressDoor } from './egress-keys.ts';
import { fleet } from './fleet-keys.ts';
import { forward } from './forward-keys.ts';
import { advertised, integer, listen, path, tenantName, text } from './schema-kinds.ts';
import { secondStage } from './second-stage-keys.ts';

/** Who answers in the clear decides who the callers are. */
const safeUrl = () => z.url().refine(isSafeUrl, { error: 'must be https, or http on loopback' });

const issuer = z
  .strictObject({
    issuer: safeUrl().describe('`iss` of its tokens, exactly; https, or http on loopback'),
    audience: text.describe('`aud` that its tokens must carry'),
    jwks_url: safeUrl().optional().describe('where its keys are; the default is what OpenID discovery says'),
    tenant_claim: text.default('tenant').describe('claim that names the tenant of the caller; `a/b` is `b` inside `a`'),
  })
  .describe('an OIDC issuer whose tokens callers may use');

const gateway = z
  .strictObject({
    listen: listen('127.0.0.1:8128'),
    issuers: z
      .array(issuer)
      .refine((all) => new Set(all.map((one) => one.issuer)).size === all.length, {
        error: 'must name no issuer twice: only the last would count',
      })
      .default([])
      .describe('OIDC issuers of callers'),
    client_ca: path.describe('PEM file of the CA of caller certificates (mTLS)').optional(),
    tls_cert: path.describe('PEM file of the certificate of this door').optional(),
    tls_key: path.describe('PEM file of the key of this door').optional(),
    dev_key: text.min(16).optional().describe('static bearer key of a development caller; at least 16 characters'),
    dev_tenant: tenantName.default('dev').describe('tenant of the development caller'),
    max_body_bytes: integer(1024, 256 * 1024 * 1024, 8 * 1024 * 1024).describe('largest request body'),
  })
  // Half of what TLS takes would be a door in the clear that its owner takes for a closed one.
  .refine(({ tls_cert: cert, tls_key: key }) => (cert === undefined) === (key === undefined), {
    path: ['tls_cert'],
    message: 'and `gateway.tls_key` belong together; give both',
  })
  .refine(({ client_ca: ca, tls_cert: cert }) => ca === undefined || cert !== undefined, {
    path: ['client_ca'],
    message: 'needs `gateway.tls_cert` and `gateway.tls_key`: certificates of callers come by TLS',
  })
  .describe('gateway API: tasks, guard, passes');

const groups = (role: string) => z.array(text).default([]).describe(`groups whose people are ${role}`);

const oidc = z
  .strictObject({
    issuer: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .describe('of the provider, exactly as it calls itself; https, or http on loopback'),
    client_id: text.describe('that the provider knows this appliance by'),
    client_secret: path.optional().describe('file with the secret of the client; without it PKCE alone'),
    redirect_uri: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .describe('`/login/oidc/callback` of this door, under a name that is in `admin.hosts`'),
    name: text.default('single sign-on').describe('what the button of the console says after "Sign in with"'),
    scopes: z.array(text).default(['openid', 'profile', 'email']).describe('asked for; `openid` among them'),
    actor_claim: text.default('email').describe('claim that names the person in the record; `sub` where it is absent'),
    role_claim: text.default('groups').describe('claim that holds the groups of the person; `a/b` is `b` inside `a`'),
    roles: z
      .strictObject({
        viewer: groups('viewers'),
        operator: groups('operators'),
        security: groups('of the security team'),
        auditor: groups('auditors'),
        admin: groups('administrators'),
      })
      .describe('groups that give each role; who is in none does not get in'),
    session_minutes: integer(5, 1440, 480).describe('how long one login holds'),
  })
  .describe('signing in to the console at an OpenID Connect provider');

const admin = z
  .strictObject({
    listen: listen('127.0.0.1:9128'),
    hosts: z.array(text).default([]).describe('further host names under which this door may be reached (Host check)'),
    requests_per_minute: integer(10, 1_000_000, 1200).describe('requests a minute and token, live streams apart'),
    metrics_public: z.boolean().default(true).describe('whether `/metrics` is served without a token'),
    oidc: oidc.optional(),
  })
  .describe('admin API, console, metrics and health');

const witness = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .describe('submission prefix (C2SP tlog-witness)'),
    key: text.describe('its verifier key, `name+hash+base64`'),
  })
  .describe('one witness of the log');

const audit = z
  .strictObject({
    durability: z
      .enum(['strict', 'relaxed'])
      .default('strict')
      .describe('`strict`: the record of an allow is on disk before its first byte leaves; `relaxed`: within a second'),
    seal_after_days: integer(1, 3650, 7).describe('days after which whole segments are compressed'),
    retention_days: integer(1, 3650, 30).describe('days after which whole sealed segments may go'),
    key_overlap_days: integer(0, 365, 30).describe('days that the old key goes on signing beside a new one'),
    origin: text
      .regex(/^[^\s+\p{C}]+$/u, 'must be a name without spaces, control characters and `+`: it stands in verifier keys')
      .default('locktender.local/log')
      .describe('name of the log in its checkpoints (C2SP)'),
    commit_window_ms: integer(0, 1000, 2).describe(
      'longest that the close of a flow waits for company in a group commit',
    ),
    checkpoint_ms: integer(100, 3_600_000, 1000).describe('longest time between signed checkpoints while records come'),
    keep_ms: integer(1000, 86_400_000, 3_600_000).describe('how often a checkpoint is kept for ever, and cosigned'),
    forward: z
      .array(forward)
      .default([])
      .refine((sinks) => new Set(sinks.map(({ name }) => name)).size === sinks.length, 'must have no name twice')
      .describe('receivers that the record is forwarded to'),
    witnesses: z.array(witness).default([]).describe('witnesses that are asked to sign each kept checkpoint'),
  })
  .describe('the record');

const isolates = z
  .strictObject({
    hosts: z
      .union([z.literal('auto'), z.int().min(0, 'must be at least 0').max(256, 'must be at most 256')])
      .default('auto')
      .describe('isolate host processes; `auto` is two a core, at least four; 0 turns the pool off'),
    ready: integer(0, 1024, 4).describe('isolates booted ahead, a host'),
    wall: z
      .enum(['auto', 'bubblewrap', 'process'])
      .default('auto')
      .describe('wall round a host; `auto` takes the strongest that stands, the others refuse to start without it'),
    tasks_per_host: integer(1, 1_000_000, 500).describe('tasks after which a host is recycled'),
  })
  .describe('isolate pool');

const guard = z
  .strictObject({
    max_layer_depth: integer(0, 8, 3).describe('encodings unwrapped inside one another before scanning'),
    max_layer_bytes: integer(1024, 1024 * 1024 * 1024, 16 * 1024 * 1024).describe('most that one body may unpack to'),
    credentials: path
      .optional()
      .describe('file that names credentials which sandboxes use and never see; see docs/guard.md'),
    token_ttl_ms: integer(1000, 86_400_000, 3_600_000).describe('how long a tokenised value may go back to its hosts'),
    max_findings: integer(1, 100_000, 200).describe('findings listed in one verdict; more are counted'),
    keep_clean_samples: integer(0, 10_000, 0).describe(
      'small results without a finding kept in memory for a week, so that the rule editor can say what a rule would have tripped on; 0 keeps none',
    ),
    workers: z
      .union([z.literal('auto'), z.int().min(0, 'must be at least 0').max(64, 'must be at most 64')])
      .default('auto')
      .describe('threads that look at large bodies, of each egress worker; `auto` is 2 to 4 by the cores, 0 none'),
    deadline_ms: integer(100, 600_000, 10_000).describe(
      'longest that one window of a large body may take; a body that takes longer does not pass',
    ),
    second_stage: secondStage.optional(),
  })
  .describe('guard engine');

const passes = z
  .strictObject({
    ttl_ms: integer(1000, 86_400_000, 3_600_000).describe('life of a pass when none is asked for'),
    max_ttl_ms: integer(1000, 86_400_000, 3_600_000).describe('longest life that may be asked for'),
    audience: text.default('locktender').describe('`aud` of every pass; a pass of another gate is refused'),
    issuer: text.default('locktender').describe('`iss` of every pass'),
  })
  .describe('passes');

const controls = z
  .strictObject({
    two_person: z
      .array(
        z.enum([
          'category.block',
          'category.unblock',
          'capability.revoke',
          'capability.restore',
          'tenant.quarantine',
          'tenant.release',
          'host.allow',
          'host.deny',
          'host.clear',
        ]),
      )
      .default([])
      .describe('changes that come into force only when a second person approves; of `host.*`, those for every tenant'),
    approval_ms: integer(60_000, 86_400_000, 900_000).describe('how long such a change can be approved'),
  })
  .describe('run-time controls');

const log = z
  .strictObject({
    level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('least level written'),
  })
  .describe('diagnostics on stderr, one JSON object a line; the record is elsewhere');

/** Sections take their own defaults, so that an absent section is an empty one. */
const section = <T extends z.ZodType>(schema: T) => schema.prefault({} as never);

export const configSchema = z.strictObject({
  state: path.default('.locktender').describe('directory of keys, controls, record; created 0700'),
  node: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'must be a lower-case name of letters, digits, dots and hyphens')
    .default('gate')
    .describe('name of this node in events'),
  workers: z
    .union([z.literal('auto'), z.int().min(1, 'must be at least 1').max(256, 'must be at most 256')])
    .default(1)
    .describe(
      'threads that relay, sharing the ports of the egress doors; `auto` is one a core, 1 relays beside everything else',
    ),
  rules: path
    .optional()
    .describe('directory of capabilities, profiles, policy and DLP rules; default: the shipped one'),
  categories: path.optional().describe('directory of the taxonomy and its lists; default: the shipped one'),
  drain_ms: integer(0, 3_600_000, 10_000).describe('longest that live flows may take to end at shutdown'),
  proxy: section(egressDoor),
  socks: section(
    z
      .strictObject({
        enabled: z.boolean().default(true).describe('whether this door opens'),
        listen: listen('127.0.0.1:1080'),
        advertise: advertised,
      })
      .describe('SOCKS5 door'),
  ),
  gateway: section(gateway),
  admin: section(admin),
  audit: section(audit),
  isolates: section(isolates),
  guard: section(guard),
  passes: section(passes),
  controls: section(controls),
  fleet: fleet.optional(),
  log: section(log),
});

/** The configuration with every default filled in. */
export type Config = z.output<typeof configSchema>;
