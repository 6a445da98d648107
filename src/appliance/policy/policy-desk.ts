/** Policy as the admin door serves it: what is in force, what it would decide, and how it is changed. */

import type { PassDesk, PolicyDesk } from '../../admin/ports.ts';
import type { AuditLog } from '../../audit/log.ts';
import { EntriesMissing, EntryAltered } from '../../audit/read.ts';
import type { Config } from '../../config/schema.ts';
import type { ReloadOutcome } from '../../control/control-order.ts';
import type { ControlPlane } from '../../control/control-plane.ts';
import { loadPolicyLive, type RevisionRoots } from '../../control/load-revision.ts';
import { replayLog } from '../../control/replay-log.ts';
import type { Clock, PassIssuer, PassVerifier } from '../../core/ports.ts';
import { err, ok } from '../../core/result.ts';
import { supposedControls } from '../../policy/controls/supposed-controls.ts';
import { type WhatIf, whatIf } from '../../policy/trials/what-if.ts';
import type { BundleStore } from '../../store/bundle-store.ts';
import type { GuardDesk } from '../rules/guard-desk.ts';
import type { RulesThread } from '../rules/rules-thread.ts';
import { learnt } from './policy-learner.ts';
import { candidateBundle, policyReview } from './policy-review.ts';
import type { Readmission } from './readmission.ts';

export interface PolicyDeskParts {
  readonly control: ControlPlane;
  readonly guard: GuardDesk;
  readonly thread: RulesThread;
  readonly roots: RevisionRoots;
  readonly clock: Clock;
  readonly log: AuditLog;
  readonly bundles: BundleStore;
  readonly readmission: Readmission;
}

export function policyDesk(parts: PolicyDeskParts): PolicyDesk {
  const { control, guard, thread, roots, clock } = parts;
  let loadedAt = clock.now();
  return {
    bundle: () => {
      const { bundle } = control.current();
      return {
        digest: bundle.digest,
        loaded_at: loadedAt,
        files: bundle.files.map((file) => file.path),
        capabilities: bundle.capabilities.size,
        profiles: [...bundle.profiles.keys()].sort(),
        classes: [...bundle.classes.byName.keys()].sort(),
      };
    },
    explain: (question) => answered(question, control, clock),
    reload: async () => {
      const outcome = await control.reload(await loadPolicyLive(roots));
      if (outcome.loaded) {
        loadedAt = clock.now();
        await parts.readmission.review(control);
      }
      return answerOf(outcome);
    },
    replay: (order) => replayed(order, parts),
    learn: (order) => learnt(order, { log: parts.log, bundle: control.current().bundle, now: clock.now() }),
    ...policyReview(parts),
    reloadRules: async () =>
      answerOf(await thread.exclusively(async () => guard.reload(await thread.load(roots, guard.rules())))),
  };
}

const DAY_MS = 86_400_000;

async function replayed(
  { days, since_ms: sinceMs, bundle, controls }: Parameters<PolicyDesk['replay']>[0],
  { roots, clock, control, log, bundles }: PolicyDeskParts,
): ReturnType<PolicyDesk['replay']> {
  const candidate = bundle === null ? null : candidateBundle(bundle, { roots, bundles });
  if (candidate && !candidate.ok) return candidate;
  const next = candidate?.value ?? null;
  const suppose = supposedControls(controls, next ?? control.current().bundle);
  if (!suppose.ok) return suppose;
  const order = { dir: log.dir, size: log.head.size, bundles, candidate: next };
  const since = clock.now() - (sinceMs ?? days * DAY_MS);
  try {
    const report = await replayLog({ ...order, suppose: controls.length === 0 ? null : suppose.value, since });
    return ok({ ...report, groups: report.groups.slice(0, 1000).map((group) => ({ ...group })) });
  } catch (error) {
    if (error instanceof EntryAltered || error instanceof EntriesMissing) return err(error.message);
    throw error;
  }
}

function answered(question: WhatIf, control: ControlPlane, clock: Clock): ReturnType<PolicyDesk['explain']> {
  const answer = whatIf(question, control.current(), clock.now());
  if (!answer.ok) return answer;
  const { categories, facts, would_allow, ...rest } = answer.value;
  return ok({ ...rest, categories: [...categories], facts: [...facts], would_allow: [...would_allow] });
}

function answerOf({ loaded, digest, previous, problems }: ReloadOutcome) {
  return { loaded, digest, previous, problems };
}

export interface PassDeskParts {
  readonly passes: PassVerifier & PassIssuer;
  readonly config: Config;
  readonly clock: Clock;
  /** `host:port` by which sandboxes reach the doors, once they are open; null for one that is closed. */
  readonly addresses: () => { readonly proxy: string; readonly socks: string | null };
}

export function passDesk({ passes, config, clock, addresses }: PassDeskParts): PassDesk {
  return {
    issue: async (order, actor) => {
      const issued = await passes.issue({
        tenant: order.tenant,
        class: order.class ?? '',
        profile: order.profile,
        risk: order.risk,
        ttlMs: order.ttl_ms ?? config.passes.ttl_ms,
        task: order.task,
        source: order.source,
        caller: actor,
        kind: 'sandbox',
      });
      if (!issued.ok) return err(issued.error.message);
      const { token, reference, principal } = issued.value;
      const { proxy, socks } = addresses();
      return ok({
        token,
        pass: principal.pass,
        task: principal.task,
        tenant: principal.tenant,
        class: principal.class,
        profile: principal.profile,
        capabilities: [...principal.capabilities],
        expires_at: principal.expiresAt,
        proxy_url: `${config.proxy.tls ? 'https' : 'http'}://${principal.task}:${token}@${proxy}`,
        socks_url: socks === null ? null : `socks5h://${principal.task}:${reference}@${socks}`,
      });
    },
    inspect: async (token) => {
      const verified = await passes.verify(token);
      if (!verified.ok) return { ...NO_PASS, problem: verified.error };
      const p = verified.value;
      return {
        valid: p.expiresAt > clock.now(),
        problem: null,
        pass: p.pass,
        task: p.task,
        tenant: p.tenant,
        class: p.class,
        profile: p.profile,
        risk: p.risk,
        capabilities: [...p.capabilities],
        expires_at: p.expiresAt,
      };
    },
  };
}

const NO_PASS = {
  valid: false,
  pass: null,
  task: null,
  tenant: null,
  class: null,
  profile: null,
  risk: null,
  capabilities: [],
  expires_at: null,
};
