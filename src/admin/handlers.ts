/** One handler a route: what each does with the ports. */

import { randomBytes } from 'node:crypto';
import type { ControlAction, CutReceipt, NotChanged } from '../core/controls.ts';
import { ulid } from '../core/ids.ts';
import type { Clock } from '../core/ports.ts';
import { PASS_ID } from '../core/principal.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AnswerOf, type InputOf, ROUTES, type RouteId } from './contract.ts';
import { type Fault, fault, needsSecondPerson } from './fault.ts';
import * as list from './lists.ts';
import { nothingBack, nothingThere } from './nothing-there.ts';
import type { OidcLogin } from './oidc/login.ts';
import { openApiDocument } from './openapi.ts';
import type { AdminPorts } from './ports.ts';
import type { Tokens } from './tokens.ts';

/** Streams are served apart. */
export type HandledRoute = Exclude<RouteId, 'auditTail' | 'decisions' | 'auditExport'>;

type Answer<K extends RouteId> = Result<AnswerOf<K>, Fault>;

export type Handlers = {
  readonly [K in HandledRoute]: (input: InputOf<K>) => Answer<K> | Promise<Answer<K>>;
};

export interface HandlerParts {
  readonly ports: AdminPorts;
  readonly tokens: Tokens;
  /** Null: people sign in by tokens only. */
  readonly login: OidcLogin | null;
  readonly clock: Clock;
}

export function createHandlers(parts: HandlerParts): Handlers {
  const { ports, tokens } = parts;
  return {
    ...loginHandlers(parts),
    ...readHandlers(ports),
    ...insightHandlers(ports),
    ...changeHandlers(ports),
    ...undoHandlers(ports),
    ...fleetHandlers(ports),
    ...deskHandlers(ports),
    ...ruleHandlers(ports),
    ...tokenHandlers(tokens),
    ...openHandlers(ports),
  };
}

function readHandlers(ports: AdminPorts) {
  return {
    categoryList: () => ok(list.categories(ports)),
    categoryLookup: ({ params }) => found(list.standing(ports, params.host), `\`${params.host}\` is not a host`),
    categoryPreview: ({ params }) => preview(ports, params.name),
    capabilityList: () => ok(list.capabilities(ports)),
    capabilityShow: ({ params }) =>
      found(
        list.capabilities(ports).capabilities.find((c) => c.name === params.name),
        `no file defines \`${params.name}\`; see \`locktender capability list\``,
      ),
    tenantList: () => ok(list.tenants(ports)),
    taskList: () => ok(list.tasks(ports)),
    taskShow: async ({ params: { name }, query: { tenant } }) => {
      const whoseAre = tenant === undefined ? await list.tenantsOf(ports, name) : [];
      if (whoseAre.length > 1) return err(several(name, whoseAre, 'bad_request'));
      const isMeant = (t: { tenant: string }) => tenant === undefined || t.tenant === '' || t.tenant === tenant;
      const live = list.tasks(ports).tasks.find((t) => t.id === name && isMeant(t));
      const whose = tenant ?? live?.tenant;
      const events = await list.eventsOf(ports, name, whose);
      const task = live ?? list.pastTask(name, events);
      return found(task && { ...task, events }, `no task \`${name}\` lives or is in the record`);
    },
    status: () => ok(ports.appliance.status()),
    flows: ({ query }) => {
      const fits = (flow: { tenant: string; task: string }) =>
        (query.tenant ?? flow.tenant) === flow.tenant && (query.task ?? flow.task) === flow.task;
      return ok({ flows: ports.live.flows().filter(fits) });
    },
    slo: async ({ query }) => ok(await ports.appliance.slo(query.minutes * 60_000)),
  } satisfies Partial<Handlers>;
}

function loginHandlers({ login, tokens, ports, clock }: HandlerParts) {
  return {
    loginWays: () => ok({ oidc: login && { name: login.name } }),
    loginRedeem: async ({ body }) => {
      const entered = login?.redeem(body.ticket, body.key) ?? null;
      if (login === null || entered === null) {
        return err(fault('not_authenticated', 'the login is over or was begun elsewhere; begin it again'));
      }
      const why = 'signed in at the identity provider';
      const { token, expires_at } = await tokens.make({ ...entered, ttl_ms: login.sessionMs });
      const { method, path: route } = ROUTES.loginRedeem;
      const event = { type: 'admin.access', tenant: null, task: null, actor: entered.name, method, route } as const;
      const id = ulid('e', clock.now(), randomBytes(10));
      // On record before it is of use: nobody works here who did not visibly come in.
      await ports.record.sink.record({ ...event, id, status: 200, on: entered.role, why });
      return ok({ token, expires_at: expires_at ?? clock.now() });
    },
  } satisfies Partial<Handlers>;
}

function insightHandlers(ports: AdminPorts) {
  return {
    me: ({ caller }) => {
      const may = Object.entries(ROUTES).filter(
        ([, { access }]) => access === 'public' || access.includes(caller.role),
      );
      const { name, role, expiresAt: expires_at } = caller;
      return ok({ name, role, expires_at, routes: may.map(([id]) => id) });
    },
    profileList: () => ok(list.profiles(ports)),
    preview: async ({ params, query }) => {
      const unknown = unknownName(ports, params.kind, params.name);
      return unknown ? err(unknown) : ok(await list.hangsOn(ports, { ...params, ...query }, ports.appliance.now()));
    },
    sloHistory: async ({ query }) => ok(await ports.appliance.sloHistory(query.minutes * 60_000, query.points)),
  } satisfies Partial<Handlers>;
}

function changeHandlers(ports: AdminPorts) {
  const named =
    <W extends 'category' | 'capability' | 'tenant' | 'pass'>(make: (name: string) => ControlAction, what: W) =>
    (input: { params: { name: string }; body: { why: string; for_ms: number | null }; actor: string }) => {
      const unknown = unknownName(ports, what, input.params.name);
      return unknown ? err(unknown) : change(ports, make(input.params.name), input);
    };
  const hosted =
    (act: 'host.allow' | 'host.deny' | 'host.clear') =>
    (input: Pick<InputOf<'hostAllow'>, 'params' | 'body' | 'actor'>) =>
      change(ports, { do: act, host: input.params.host, tenant: input.body.tenant }, input);
  return {
    categoryBlock: named((category) => ({ do: 'category.block', category }), 'category'),
    categoryUnblock: named((category) => ({ do: 'category.unblock', category }), 'category'),
    capabilityRevoke: named((capability) => ({ do: 'capability.revoke', capability }), 'capability'),
    capabilityRestore: named((capability) => ({ do: 'capability.restore', capability }), 'capability'),
    tenantQuarantine: named((tenant) => ({ do: 'tenant.quarantine', tenant }), 'tenant'),
    tenantRelease: named((tenant) => ({ do: 'tenant.release', tenant }), 'tenant'),
    taskKill: ({ params: { name: task }, body, actor }) => {
      const [tenant = null, ...others] = body.tenant === null ? list.tenantsWith(ports, task) : [body.tenant];
      if (tenant !== null && others.length > 0) return err(several(task, [tenant, ...others]));
      return change(ports, { do: 'task.kill', task, tenant }, { body, actor });
    },
    passRevoke: named((pass) => ({ do: 'pass.revoke', pass }), 'pass'),
    hostAllow: hosted('host.allow'),
    hostDeny: hosted('host.deny'),
    hostClear: hosted('host.clear'),
  } satisfies Partial<Handlers>;
}

function undoHandlers({ control }: AdminPorts) {
  const waits = (id: string) =>
    unlisted(
      'request',
      id,
      control.changes().pending.some((p) => p.id === id),
    );
  return {
    controlList: () => ok(control.changes()),
    controlUndo: async ({ params: { name }, body, actor }) => {
      const unknown = unlisted(
        'change',
        name,
        control.changes().changes.some((c) => c.change === name),
      );
      return unknown ? err(unknown) : changedOr(await control.undo(name, { by: actor, why: body.why }));
    },
    controlApprove: async ({ params: { name }, body, actor }) => {
      const unknown = waits(name);
      return unknown ? err(unknown) : changedOr(await control.approve(name, { by: actor, why: body.why }));
    },
    controlReject: async ({ params: { name }, body, actor }) => {
      const unknown = waits(name);
      if (unknown) return err(unknown);
      const outcome = await control.reject(name, { by: actor, why: body.why });
      return outcome.ok ? ok({ rejected: name }) : err(fault('refused', outcome.error));
    },
  } satisfies Partial<Handlers>;
}

function fleetHandlers({ fleet }: AdminPorts) {
  const none = fault('not_found', 'this node is of no fleet; see docs/fleet.md');
  return {
    fleetStatus: () => (fleet === null ? err(none) : ok(fleet.status())),
    fleetFollow: async ({ body: { epoch } }) => {
      if (fleet === null) return err(none);
      const agreed = await fleet.follow(epoch);
      return agreed.ok ? ok({ followed: epoch }) : err(fault('refused', agreed.error));
    },
  } satisfies Partial<Handlers>;
}

function unlisted(what: 'change' | 'request', id: string, isListed: boolean): Fault | null {
  if (isListed) return null;
  const where = what === 'change' ? 'is among the latest' : 'waits for a second person';
  return fault('not_found', `no ${what} \`${id}\` ${where}; see \`locktender control list\``);
}

function deskHandlers({ passes, policy, record }: AdminPorts) {
  return {
    passIssue: async ({ body, actor }) => refusedOr(await passes.issue(body, actor)),
    passInspect: async ({ body }) => ok(await passes.inspect(body.token)),
    policyBundle: () => ok(policy.bundle()),
    policyExplain: ({ body }) => refusedOr(policy.explain(body)),
    policyReload: async ({ body, actor }) => ok(await policy.reload(actor, body.why)),
    rulesReload: async ({ body, actor }) => ok(await policy.reloadRules(actor, body.why)),
    policyContracts: ({ body }) => refusedOr(policy.contracts(body)),
    policyDiff: ({ body }) => refusedOr(policy.diff(body)),
    policyLearn: async ({ body }) => ok(await policy.learn(body)),
    policyReplay: async ({ body }) => refusedOr(await policy.replay(body)),
    auditQuery: async ({ query }) => ok({ events: await record.query(query) }),
    auditVerify: async () => ok(await record.verify()),
    auditPrune: async ({ body, actor }) => refusedOr(await record.prune(actor, body)),
    auditRotate: async () => ok({ keys: [...record.rotate()] }),
    auditKeys: () => ok(record.keys()),
    auditRetention: ({ query }) => ok(record.retention(query)),
    auditCheckpoint: () => found(record.checkpoint(), 'nothing was recorded yet'),
    auditShred: async ({ body, actor }) => ok(await record.shred(actor, body)),
    auditForward: async () => ok(await record.forwarding()),
    auditProof: async ({ params }) =>
      found(await record.proof(params.seq), `entry ${params.seq} is not under the latest checkpoint`),
  } satisfies Partial<Handlers>;
}

function ruleHandlers({ rules }: AdminPorts) {
  return {
    ruleList: () => ok(rules.list()),
    ruleFile: ({ query }) => found(rules.file(query), `no \`${query.path}\`, or no such text of it; see GET /v1/rules`),
    ruleTry: async ({ body }) => ok(await rules.try(body)),
    ruleSave: async ({ body, actor }) => refusedOr(await rules.save(body, actor)),
  } satisfies Partial<Handlers>;
}

function tokenHandlers(tokens: Tokens) {
  return {
    tokenList: () => ok({ tokens: tokens.list() }),
    tokenMake: async ({ body }) => ok(await tokens.make(body)),
    tokenRevoke: async ({ params }) =>
      (await tokens.revoke(params.name))
        ? ok({ revoked: params.name })
        : err(fault('not_found', `no token \`${params.name}\`; see \`locktender token list\``)),
  } satisfies Partial<Handlers>;
}

function openHandlers({ appliance }: AdminPorts) {
  return {
    caCertificate: () => ok(appliance.caPem()),
    openapi: () => ok(openApiDocument(appliance.version)),
    healthz: () => ok({ ok: true as const }),
    readyz: () => ok({ ok: appliance.missing().length === 0, missing: appliance.missing() }),
    metrics: async () => ok(await appliance.metrics()),
  } satisfies Partial<Handlers>;
}

function several(task: string, tenants: readonly string[], code: 'refused' | 'bad_request' = 'refused'): Fault {
  const named = tenants.slice(0, 10).map((tenant) => `\`${tenant}\``);
  const more = tenants.length > 10 ? ` and ${tenants.length - 10} more` : '';
  return fault(code, `tenants ${named.join(', ')}${more} each have a task \`${task}\`; say whose with \`--tenant\``);
}

async function change(
  ports: AdminPorts,
  action: ControlAction,
  input: { body: { why: string; for_ms: number | null }; actor: string },
): Promise<Answer<'categoryBlock'>> {
  const { why, for_ms: forMs } = input.body;
  const missing = nothingThere(ports, action);
  const before = ports.controls();
  const outcome = changedOr(await ports.control.apply({ action, by: input.actor, why, forMs }));
  if (!outcome.ok) return outcome;
  const warning = missing ?? nothingBack(action, before, ports.controls());
  return ok(warning === null ? outcome.value : { ...outcome.value, warning });
}

/** Categories and capabilities are closed lists, so that a typo does not block nothing and look like success. */
function unknownName(ports: AdminPorts, what: string, name: string): Fault | null {
  // Revoked without a word, another id would leave the pass that was meant alive.
  if (what === 'pass' && !PASS_ID.test(name))
    return fault('bad_request', `\`${name}\` is not the id of a pass, such as \`p_…\`; copy it from \`pass inspect\``);
  const names =
    what === 'category'
      ? ports.catalogue.categories().map((c) => c.id)
      : what === 'capability'
        ? ports.catalogue.capabilities().map((c) => c.name)
        : null;
  if (names === null || names.includes(name)) return null;
  return fault('not_found', `no ${what} \`${name}\`; see \`locktender ${what} list\``);
}

async function preview(ports: AdminPorts, name: string): Promise<Answer<'categoryPreview'>> {
  const unknown = unknownName(ports, 'category', name);
  if (unknown) return err(unknown);
  return ok(await list.preview(ports, name, ports.appliance.now()));
}

function found<T>(value: T | null | undefined, otherwise: string): Result<T, Fault> {
  return value === null || value === undefined ? err(fault('not_found', otherwise)) : ok(value);
}

function changedOr(outcome: Result<CutReceipt, NotChanged>): Result<CutReceipt, Fault> {
  if (outcome.ok) return outcome;
  return err(typeof outcome.error === 'string' ? fault('refused', outcome.error) : needsSecondPerson(outcome.error));
}

function refusedOr<T>(result: Result<T, string>): Result<T, Fault> {
  return result.ok ? result : err(fault('refused', result.error));
}
