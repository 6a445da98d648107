/**
 * Admission: who may run which class with which profile, and what a risk score takes away. Cedar, once a task; per
 * request only its result is looked at. INVARIANT: a policy that errors denies (Cedar itself would skip it).
 */

import { LRUCache } from 'lru-cache';
import { didYouMean } from '../../core/nearest.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { CAPABILITY_RISKS, type Capability } from '../bundle/capability.ts';
import { cedar } from './cedar.ts';

export interface AdmissionOrder {
  /** Who asks, as the gateway authenticated them. */
  readonly caller: string;
  readonly kind: 'isolate' | 'sandbox';
  readonly tenant: string;
  /** Null or empty: the bundle's default class. */
  readonly class: string | null;
  /** Null: the class's default profile. */
  readonly profile: string | null;
  /** 0 to 100. */
  readonly risk: number;
}

export interface Admission {
  readonly admitted: boolean;
  readonly class: string;
  readonly profile: string;
  /** What the task may hold, sorted; empty when refused. */
  readonly capabilities: readonly string[];
  /** Of the profile's capabilities, those that admission took away. */
  readonly withheld: readonly string[];
  /** Ids of the policies that determined it, sorted. */
  readonly policies: readonly string[];
  /** Why not, with the fix last; null when admitted. */
  readonly message: string | null;
}

interface Answer {
  readonly allowed: boolean;
  readonly policies: readonly string[];
}

type Admit = (order: AdmissionOrder) => Admission;

const ADMITTERS = new WeakMap<Bundle, Admit>();
const REMEMBERED = 4096;

/** Pure: the same order under the same bundle is always answered alike, so answers are remembered. */
export function admit(order: AdmissionOrder, bundle: Bundle): Admission {
  let admitter = ADMITTERS.get(bundle);
  if (!admitter) {
    admitter = createAdmitter(bundle);
    ADMITTERS.set(bundle, admitter);
  }
  return admitter(order);
}

/** Walks what each admission walks: the first reads Cedar and compiles it, which holds up the thread for a fifth of a second. */
export function prepareAdmission(bundle: Bundle): void {
  admit({ caller: 'cli', kind: 'sandbox', tenant: 'none', class: null, profile: null, risk: 0 }, bundle);
}

function createAdmitter(bundle: Bundle): Admit {
  const loaded = cedar().preparsePolicySet(bundle.digest, { staticPolicies: { ...bundle.admission.policies } });
  if (loaded.type === 'failure') throw new Error('a compiled admission policy does not parse');
  const remembered = new LRUCache<string, Admission>({ max: REMEMBERED });
  return (order) => {
    const key = JSON.stringify([order.caller, order.kind, order.tenant, order.class, order.profile, order.risk]);
    const known = remembered.get(key);
    if (known) return known;
    const fresh = Object.freeze(evaluate(order, bundle));
    remembered.set(key, fresh);
    return fresh;
  };
}

function evaluate(order: AdmissionOrder, bundle: Bundle): Admission {
  const name = order.class || bundle.classes.fallback;
  const found = bundle.classes.byName.get(name);
  const wanted = order.profile ?? found?.profile ?? '';
  const refuse = (message: string, policies: readonly string[] = []): Admission => ({
    admitted: false,
    class: name,
    profile: wanted,
    capabilities: [],
    withheld: [],
    policies,
    message,
  });
  if (!found) return refuse(`class \`${name}\` is not defined; ${didYouMean(name, bundle.classes.byName.keys())}`);
  if (!Number.isInteger(order.risk) || order.risk < 0 || order.risk > 100)
    return refuse('risk is not a whole number from 0 to 100');
  const profile = bundle.profiles.get(wanted);
  if (!profile) return refuse(`profile \`${wanted}\` is not defined; ${didYouMean(wanted, bundle.profiles.keys())}`);
  if (!found.profiles.includes(wanted)) {
    return refuse(`class \`${name}\` does not offer profile \`${wanted}\`; ${didYouMean(wanted, found.profiles)}`);
  }
  const context = { kind: order.kind, tenant: order.tenant, class: name, risk: order.risk };
  const run = ask(bundle, order.caller, { action: 'run', type: 'Profile', id: wanted, context });
  if (!run.allowed)
    return refuse(
      `admission policy refuses this task (${run.policies.join(', ') || 'nothing permits it'})`,
      run.policies,
    );
  return { ...holdings(order, bundle, { ...context, profile: wanted }, run.policies), class: name, profile: wanted };
}

type Context = Record<string, string | number>;

function holdings(
  order: AdmissionOrder,
  bundle: Bundle,
  context: Context & { profile: string },
  ran: readonly string[],
) {
  const policies = new Set(ran);
  const capabilities: string[] = [];
  const withheld: string[] = [];
  const bands = new Map<string, Answer>();
  for (const name of bundle.profiles.get(context.profile)?.capabilities ?? []) {
    const capability = bundle.capabilities.get(name);
    if (!capability) continue;
    const answer = holdAnswer(order, bundle, context, { capability, bands });
    for (const id of answer.policies) policies.add(id);
    (answer.allowed ? capabilities : withheld).push(name);
  }
  return { admitted: true, capabilities, withheld, policies: [...policies].sort(), message: null };
}

/** Capabilities that no policy names differ only by risk, so one answer serves a band. */
function holdAnswer(
  order: AdmissionOrder,
  bundle: Bundle,
  context: Context,
  { capability, bands }: { capability: Capability; bands: Map<string, Answer> },
): Answer {
  const key = bundle.admission.named.has(capability.name) ? capability.name : capability.risk;
  const known = bands.get(key);
  if (known) return known;
  const capability_risk = CAPABILITY_RISKS.indexOf(capability.risk) + 1;
  const answer = ask(bundle, order.caller, {
    action: 'hold',
    type: 'Capability',
    id: capability.name,
    context: { ...context, capability_risk },
  });
  bands.set(key, answer);
  return answer;
}

interface Ask {
  readonly action: string;
  readonly type: string;
  readonly id: string;
  readonly context: Context;
}

function ask(bundle: Bundle, caller: string, { action, type, id, context }: Ask): Answer {
  const answer = cedar().statefulIsAuthorized({
    principal: { type: 'Caller', id: caller },
    action: { type: 'Action', id: action },
    resource: { type, id },
    context,
    preparsedPolicySetId: bundle.digest,
    validateRequest: false,
    entities: [],
  });
  if (answer.type === 'failure') return { allowed: false, policies: [] };
  const { decision, diagnostics } = answer.response;
  const errors = diagnostics.errors.map((e) => e.policyId);
  if (errors.length > 0) return { allowed: false, policies: errors.sort() };
  return { allowed: decision === 'allow', policies: [...diagnostics.reason].sort() };
}
