/**
 * Passes: admission and issue in one, and their verification. A pass is an EdDSA JWT for one audience, an hour at most
 * by default. INVARIANT: nobody gets a pass that admission refused, and `task.admitted` is durable before it is handed
 * out. Tokens are cached by their SHA-256, never kept.
 */

import { hash, type KeyObject, randomBytes } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Controls } from '../core/controls.ts';
import type { EventBody } from '../core/event.ts';
import { parseCidr, parseIp } from '../core/ip-address.ts';
import type {
  AuditSink,
  Clock,
  IssuedPass,
  Meter,
  PassIssuer,
  PassOrder,
  PassVerifier,
  RecordReceipt,
  TaskAdmitter,
  Verified,
} from '../core/ports.ts';
import { type PassClaims, type Principal, principalOf } from '../core/principal.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { err, ok, type Result } from '../core/result.ts';
import { TENANT_LETTERS, TENANT_NAME } from '../core/tenant-name.ts';
import { type Admission, admit } from '../policy/admission/admission.ts';
import { killOf, markOf } from '../policy/controls/control-index.ts';
import type { PolicySource } from '../policy/snapshot.ts';
import { newId } from './new-id.ts';

/** A key that signs or verifies passes; the shape of `pki`'s signing keys. */
export interface PassKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface PassAuthorityOptions {
  /** Newest first; read at every issue, so that rotation is seen. */
  readonly keys: () => readonly PassKey[];
  /** Keys of others whose passes are good here too: those of the hub of a fleet. */
  readonly alsoFrom?: () => readonly Pick<PassKey, 'id' | 'publicKey'>[];
  /** True while this node has no word of its controls that still counts: nobody is admitted. */
  readonly stale?: () => boolean;
  readonly source: PolicySource;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly meter?: Pick<Meter, 'count'>;
  /** Whom the pass is for: this appliance or fleet. */
  readonly audience: string;
  readonly issuer: string;
  /** Longest life; an order for more is cut to it. Default one hour. */
  readonly maxTtlMs?: number;
  /** How far clocks may differ. Default 5 s. */
  readonly skewMs?: number;
}

/** A pass whose signature was found good. */
interface Known {
  readonly principal: Principal;
  /** When it ends, on the clock that is never set: it lives no longer where the other is set back. */
  readonly latest: number;
  /** Id of the key, where that is of others: they may withdraw it while this runs. Null where it is our own. */
  readonly lent: string | null;
}

export type PassAuthority = PassVerifier & PassIssuer & TaskAdmitter;

const HOUR = 3_600_000;
const CACHED = 20_000;
const MAX_TOKEN = 8192;
/** How a short reference begins; no JWT does. */
const REFERENCE = 'r_';
const name = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\x21-\x7e]+$/);

const claimsSchema = z.strictObject({
  jti: name,
  iss: name,
  aud: name,
  iat: z.int().positive(),
  exp: z.int().positive(),
  task: name,
  tenant: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i),
  class: name,
  profile: name,
  risk: z.int().min(0).max(100),
  capabilities: z.array(name).max(20_000),
  src: z
    .string()
    .max(60)
    .refine((text) => parseCidr(text) !== null)
    .optional(),
});

export function createPassAuthority(options: PassAuthorityOptions): PassAuthority {
  const known = new LRUCache<string, Known>({ max: CACHED });
  // KNOWN GAP: references are forgotten at a restart, tokens are not; a SOCKS5 client then needs a new pass.
  const references = new LRUCache<string, Known>({ max: CACHED });
  return {
    verify: (token) => {
      const found = token.startsWith(REFERENCE) ? references.get(digestOf(token)) : undefined;
      return found ? stillValid(found, options) : verify(token, options, known);
    },
    issue: async (order) => {
      const issued = await issue(order, options);
      if (issued.ok) references.set(digestOf(issued.value.reference), knownFrom(issued.value.principal, null, options));
      return issued;
    },
    admit: (order, patienceMs) => {
      const { claims, recorded } = admitted(order, options, patienceMs);
      return { recorded, outcome: claims.ok ? ok(principalOf(claims.value)) : claims };
    },
  };
}

type Refusal = { readonly reason: ReasonCode; readonly message: string };

async function issue(order: PassOrder, options: PassAuthorityOptions): Promise<Result<IssuedPass, Refusal>> {
  const { claims, recorded } = admitted(order, options);
  await recorded;
  return claims.ok ? ok(await sign(claims.value, options)) : claims;
}

/** Decides, and hands the decision to the record. */
function admitted(
  order: PassOrder,
  options: PassAuthorityOptions,
  patienceMs = 0,
): { readonly claims: Result<PassClaims, Refusal>; readonly recorded: Promise<RecordReceipt> } {
  const { source, audit, clock, meter } = options;
  const { bundle, controls } = source.current();
  const problem = orderProblem(order);
  const admission = admit({ ...order, class: order.class || null }, bundle);
  const now = clock.now();
  const barred = options.stale?.() ? 'controls_stale' : barredBy(order, controls, now);
  const id = (prefix: 't' | 'p' | 'e') => newId(prefix, now);
  const jti = id('p');
  const task = order.task ?? id('t');
  const refused = !admission.admitted || problem !== null || barred !== null;
  const reason = refused ? (barred ?? 'pass_not_admitted') : null;
  const event: EventBody = {
    type: 'task.admitted',
    id: id('e'),
    tenant: order.tenant,
    task: problem === null ? task : null,
    kind: order.kind,
    pass: jti,
    class: admission.class,
    profile: admission.profile,
    risk: order.risk,
    capabilities: refused ? [] : admission.capabilities,
    policies: admission.policies,
    admitted: !refused,
    reason,
    bundle: bundle.digest,
    caller: order.caller,
    ...(order.riskSignals && order.riskSignals.length > 0 && { risk_signals: order.riskSignals }),
  };
  // Nobody waits for a refusal to be joined by anything.
  const recorded = audit.record(event, refused ? 0 : patienceMs);
  meter?.count('locktender_admissions_total', { profile: admission.profile, admitted: String(!refused) });
  const message =
    problem ?? (barred && WHY_BARRED[barred]) ?? admission.message ?? 'admission policy refuses this task';
  const claims: Result<PassClaims, Refusal> =
    reason === null ? ok(claimsOf({ order, admission, jti, task, now }, options)) : err({ reason, message });
  return { claims, recorded };
}

const WHY_BARRED = {
  task_killed: 'a task of this id was killed; use another id',
  tenant_quarantined: 'the tenant is in quarantine; ask the operator to release it',
  controls_stale: 'this node has not heard its controls for too long; ask the operator of this gate',
} as const satisfies Partial<Record<ReasonCode, string>>;

/** A tenant in quarantine and a killed task get no new pass. */
function barredBy({ tenant, task }: PassOrder, controls: Controls, now: number): keyof typeof WHY_BARRED | null {
  if (task !== null && killOf(controls, { task, tenant }, now)) return 'task_killed';
  return markOf(controls.quarantinedTenants, tenant, now) ? 'tenant_quarantined' : null;
}

const TASK = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

function orderProblem({ tenant, task, ttlMs, source }: PassOrder): string | null {
  if (!TENANT_NAME.test(tenant)) return `tenant \`${tenant}\` is not a tenant name; use ${TENANT_LETTERS}`;
  if (task !== null && !TASK.test(task))
    return `task \`${task}\` is not a task id; use letters, digits, \`.\`, \`-\` and \`_\``;
  if (source && sourceOf(source) === null)
    return `source \`${source}\` is no address; write for example \`10.1.2.3\` or \`10.1.0.0/16\``;
  return Number.isFinite(ttlMs) && ttlMs >= 1000
    ? null
    : 'the pass would last less than a second; ask for a longer `ttl`';
}

/** A prefix as the claim says it; one address is a prefix of all its bits. */
function sourceOf(text: string): string | null {
  const ip = parseIp(text);
  const prefix = ip === null ? text : `${text}/${ip.bytes.length * 8}`;
  return parseCidr(prefix) === null ? null : prefix;
}

interface Order {
  readonly order: PassOrder;
  readonly admission: Admission;
  readonly jti: string;
  readonly task: string;
  readonly now: number;
}

function claimsOf({ order, admission, jti, task, now }: Order, options: PassAuthorityOptions): PassClaims {
  const iat = Math.floor(now / 1000);
  const exp = iat + Math.floor(Math.min(order.ttlMs, options.maxTtlMs ?? HOUR) / 1000);
  const { class: of, profile, capabilities } = admission;
  const { tenant, risk } = order;
  const names = { jti, iss: options.issuer, aud: options.audience, iat, exp };
  const claims = { ...names, task, tenant, class: of, profile, risk, capabilities };
  const src = order.source ? sourceOf(order.source) : null;
  return src === null ? claims : { ...claims, src };
}

async function sign(claims: PassClaims, options: PassAuthorityOptions): Promise<IssuedPass> {
  const [key] = options.keys();
  if (!key) throw new Error('there is no key to sign passes with');
  const token = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'EdDSA', kid: key.id, typ: 'locktender-pass+jwt' })
    .sign(key.privateKey);
  const reference = `${REFERENCE}${randomBytes(24).toString('base64url')}`;
  return { token, reference, claims, principal: principalOf(claims), capabilities: claims.capabilities };
}

function verify(
  token: string,
  options: PassAuthorityOptions,
  known: LRUCache<string, Known>,
): Verified | Promise<Verified> {
  if (token.length > MAX_TOKEN) return err('pass_malformed');
  const digest = digestOf(token);
  const cached = known.get(digest);
  // Times, and whether a key is still lent, are judged at every use; only the signature is remembered. A key of our own
  // takes its passes along when the appliance starts anew: rotation keeps old keys, it never withdraws one.
  if (cached) return stillValid(cached, options);
  return verifiedClaims(token, options).then((verified) => {
    if (!verified.ok) return verified;
    const { claims, lent } = verified.value;
    const found = knownFrom(principalOf(claims), lent, options);
    known.set(digest, found);
    return stillValid(found, options);
  });
}

function knownFrom(principal: Principal, lent: string | null, { clock }: PassAuthorityOptions): Known {
  const latest = clock.monotonic() + (principal.expiresAt - clock.now());
  return { principal: Object.freeze(principal), latest, lent };
}

function stillValid({ principal, latest, lent }: Known, options: PassAuthorityOptions): Verified {
  const { clock } = options;
  if (lent !== null && !lentKey(lent, options)) return err('pass_malformed');
  const isOver = principal.expiresAt <= clock.now() || latest <= clock.monotonic();
  return isOver ? err('pass_expired') : ok(principal);
}

/** Tokens and references are never kept, only their digests. */
function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}

async function verifiedClaims(
  token: string,
  options: PassAuthorityOptions,
): Promise<Result<{ readonly claims: PassClaims; readonly lent: string | null }, 'pass_malformed' | 'pass_expired'>> {
  const { clock, audience, issuer, skewMs = 5000 } = options;
  let lent: string | null = null;
  const keyOf = ({ kid }: { readonly kid?: string }): KeyObject => {
    const own = options.keys().find(({ id }) => id === kid);
    const key = own ?? lentKey(kid, options);
    if (!key) throw new errors.JWKSNoMatchingKey();
    if (!own) lent = key.id;
    return key.publicKey;
  };
  try {
    const { payload } = await jwtVerify(token, keyOf, {
      algorithms: ['EdDSA'],
      audience,
      issuer,
      typ: 'locktender-pass+jwt',
      currentDate: new Date(clock.now()),
      clockTolerance: skewMs / 1000,
    });
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success || claims.data.iat * 1000 > clock.now() + skewMs) return err('pass_malformed');
    return ok({ claims: claims.data, lent });
  } catch (error) {
    return err(error instanceof errors.JWTExpired ? 'pass_expired' : 'pass_malformed');
  }
}

function lentKey(kid: string | undefined, { alsoFrom }: PassAuthorityOptions) {
  return alsoFrom?.().find(({ id }) => id === kid);
}
