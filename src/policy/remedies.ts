/**
 * Remedies: the smallest changes that would allow what was denied. Each is tried by deciding again with the change
 * supposed, so what is offered works; several together when one is not enough, up to three.
 */

import type { Decision } from '../core/decision.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { BODY_ON_READ, METHOD_IN_QUERY } from './bundle/disguised-writes.ts';
import { isReadMethod } from './bundle/read-equivalents.ts';
import type { World } from './case.ts';
import { fittingGrants, forbiddenAddresses, permitsAddresses } from './grant-fit.ts';
import type { Question } from './question.ts';

/** What remedies go by. */
export type Judgement = Pick<Decision, 'effect' | 'reason' | 'rule' | 'capability'>;

type Judge = (q: Question, world: World) => Judgement;

/** Changes supposed: the question and world after them, and the words for each. */
interface Change {
  readonly words: readonly string[];
  readonly q: Question;
  readonly world: World;
}

const DEPTH = 3;
const OFFERED = 4;
/** Bounds the cost of a denial: at most so many suppositions are decided. */
const TRIES = 16;

/** In words an agent can act on, for what was `denied`; all of the least number of changes. Empty when nothing within reach would. */
export function remedies(q: Question, world: World, denied: Judgement, judge: Judge): readonly string[] {
  if (!q.principal || q.passProblem !== null || q.principal.expiresAt <= q.now) return ['a pass that is valid now'];
  const start: Open = { words: [], q, world, decision: denied };
  // What the caller could ask instead comes last: it is another request, and does not allow this one.
  return [...granted(start, judge), ...instead(start, judge)].slice(0, OFFERED);
}

/** Changes of policy or controls that would allow this very request. */
function granted(start: Open, judge: Judge): readonly string[] {
  let level = [start];
  let tries = TRIES;
  for (let depth = 0; depth < DEPTH; depth += 1) {
    const tried = level
      .flatMap((from) => [...changesFor(from.decision, from)])
      .slice(0, tries)
      .map((change) => ({ ...change, decision: judge(change.q, change.world) }));
    const found = tried.filter((t) => t.decision.effect === 'allow').flatMap(wordsOf);
    if (found.length > 0) return [...new Set(found)].slice(0, OFFERED - 1);
    tries -= tried.length;
    level = tried;
  }
  return [];
}

/** Stands for a private destination until it is known which capability would have to name it. */
const ADDRESS = 'address';

/** The words of a change that allows; none when no capability of the task's could name the addresses. */
function wordsOf({ words, q, world, decision }: Open): readonly string[] {
  if (!words.includes(ADDRESS)) return [[...words].sort().join(' and ')];
  const capability = world.bundle.capabilities.get(decision.capability ?? '');
  if (!capability) return [];
  const named = forbiddenAddresses(q).filter((address) => !permitsAddresses(capability, q.host.name, [address]));
  const list = named.map((address) => `\`${address}\``).join(', ');
  const full = `${list} among the private destinations of capability \`${capability.name}\``;
  return [
    words
      .map((word) => (word === ADDRESS ? full : word))
      .sort()
      .join(' and '),
  ];
}

const PLAIN_PATH = 'instead: the path in plain segments, without `..`, `//`, `;`, `\\` or encoded slashes';

/** A like request that the task may send as things are. */
function instead(start: Open, judge: Judge): readonly string[] {
  if (start.decision.reason === 'path_ambiguous') return [PLAIN_PATH];
  if (start.decision.reason !== 'default_deny') return [];
  for (const change of actChanges(start)) {
    if (judge(change.q, change.world).effect === 'allow') return [`instead: ${change.words.join(' and ')}`];
  }
  return [];
}

interface Open extends Change {
  readonly decision: Judgement;
}

function changesFor(decision: Judgement, from: Change): Iterable<Change> {
  const { q } = from;
  const waive = (what: string, words: string): Change[] => [
    { words: [...from.words, words], q, world: { ...from.world, waived: new Set([...from.world.waived, what]) } },
  ];
  const subject = decision.rule?.id.split(':').slice(2).join(':') ?? '';
  const byReason: Partial<Record<ReasonCode, () => Iterable<Change>>> = {
    task_killed: () => waive('task', 'a new task'),
    tenant_quarantined: () => waive('tenant', `tenant \`${subject}\` released`),
    pass_revoked: () => waive('pass', 'a new pass'),
    capability_revoked: () => waive(`capability:${subject}`, `capability \`${subject}\` restored`),
    host_override_deny: () => waive('host', `the override of host \`${subject}\` cleared`),
    // A capability may set a default of the taxonomy aside, or name a private destination, by itself.
    category_blocked: () => {
      const category = decision.rule?.id.split(':').at(-1) ?? '';
      return [...capabilityChanges(from), ...waive(`category:${category}`, `category \`${category}\` unblocked`)];
    },
    address_forbidden: () => [...capabilityChanges(from), ...waive('address', ADDRESS)],
    default_deny: () => grantChanges(from),
  };
  return byReason[decision.reason]?.() ?? [];
}

/** What would make some grant fit: an approval, a capability. Smallest first. */
function* grantChanges(from: Change): Generator<Change> {
  yield* approvalChanges(from);
  yield* capabilityChanges(from);
}

/** What makes a write of a request whose method reads, and the request without it. */
const DISGUISES: ReadonlyMap<string, string> = new Map([
  [BODY_ON_READ, 'without a body'],
  [METHOD_IN_QUERY, 'without the name of a method in its query'],
]);

function* actChanges({ words, q, world }: Change): Generator<Change> {
  const secure = q.scheme === 'http' || q.scheme === 'ws' ? q.scheme : null;
  if (secure !== null) {
    const scheme = secure === 'http' ? 'https' : 'wss';
    const said = q.port === 80 || q.port === 443 ? '' : ' at port 443';
    yield { words: [...words, `scheme \`${scheme}\`${said}`], q: { ...q, scheme, port: 443 }, world };
  }
  const plain = q.matched.filter((name) => !DISGUISES.has(name));
  if (q.method !== 'CONNECT' && (!isReadMethod(q.method) || q.upgrade !== '')) {
    // A body would make a write of it, whatever there was in this one.
    const without = new Set([BODY_ON_READ, ...q.matched].flatMap((name) => DISGUISES.get(name) ?? []));
    const said = `method \`GET\` ${[...without].join(' and ')}`;
    yield { words: [...words, said], q: { ...q, method: 'GET', upgrade: '', matched: plain }, world };
  }
  if (plain.length < q.matched.length) {
    const without = q.matched.flatMap((name) => DISGUISES.get(name) ?? []);
    yield { words: [...words, `the request ${without.join(' and ')}`], q: { ...q, matched: plain }, world };
  }
  if (q.port !== 443 && q.port !== 80) yield { words: [...words, 'port 443'], q: { ...q, port: 443 }, world };
}

function* approvalChanges({ words, q, world }: Change): Generator<Change> {
  if (world.waived.has('approval') || !q.principal) return;
  const waived = new Set([...world.waived, 'approval']);
  yield {
    words: [...words, `host \`${q.host.name}\` approved for tenant \`${q.principal.tenant}\``],
    q,
    world: { ...world, waived },
  };
}

function* capabilityChanges({ words, q, world }: Change): Generator<Change> {
  const { principal } = q;
  if (!principal || world.waived.has('profile')) return;
  const { bundle } = world;
  const seen = new Set<string>(principal.capabilities);
  for (const supposed of [world.waived, new Set([...world.waived, 'approval'])]) {
    const approvals = supposed.has('approval') ? () => [approvalOf(q)] : undefined;
    for (const { capability } of fittingGrants(q, bundle, bundle.grants, approvals)) {
      if (seen.has(capability.name)) continue;
      seen.add(capability.name);
      const capabilities = [...principal.capabilities, capability.name];
      const waived = new Set([...world.waived, 'profile']);
      yield {
        words: [...words, capabilityWords(capability.name, q, world)],
        q: { ...q, principal: { ...principal, capabilities } },
        world: { ...world, waived },
      };
    }
  }
}

function capabilityWords(capability: string, q: Question, { bundle }: World): string {
  const mine = bundle.profiles.get(q.principal?.profile ?? '');
  if (mine?.capabilities.includes(capability))
    return `capability \`${capability}\` (admission took it away at this risk)`;
  const profiles = [...bundle.profiles.values()].filter((p) => p.capabilities.includes(capability)).map((p) => p.name);
  const held =
    profiles.length === 0 ? 'no profile holds it' : `held by profile ${profiles.map((p) => `\`${p}\``).join(', ')}`;
  return `capability \`${capability}\` (${held})`;
}

function approvalOf(q: Question) {
  return {
    pattern: { kind: 'exact', name: q.host.name },
    paths: [],
    access: 'write',
    despite: [],
    file: '',
    line: 0,
  } as const;
}
