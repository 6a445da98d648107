/** The shapes of what the admin API says: receipts, states and lists. */

import { z } from 'zod';
import { parseHost } from '../../core/host.ts';
import { FAULT_CODES } from './fault-codes.ts';

/** Epoch milliseconds. */
export const at = z.int();
export const name = z.string().min(1).max(200);
/** Names of capabilities, tenants, tasks, categories: no control characters, nothing that a path needs quoted. */
export const label = z.string().regex(/^[A-Za-z0-9._:@*-]{1,200}$/, 'must be letters, digits and `. _ : @ * -`');

export const hostName = z.string().refine((text) => parseHost(text.replace(/^\*\./, '')).ok, {
  message: 'must be a host name or an address, or `*.` and a domain',
});

/** What every change must carry. */
export const changeBody = z.strictObject({
  why: z.string().trim().min(1).max(500).describe('reason, kept in the record'),
  for_ms: z.int().min(1000).max(31_536_000_000).nullable().default(null).describe('returns by itself after this'),
});

export const hostChangeBody = changeBody.extend({
  tenant: label.nullable().default(null).describe('null: every tenant'),
});

export const killBody = changeBody.extend({
  tenant: label
    .nullable()
    .default(null)
    .describe('whose; null: of the one tenant that has a live task of this id, or of every tenant where none has'),
});

export const receipt = z
  .object({
    change: z.string(),
    version: z.int(),
    facts: z.array(z.string()),
    live: z.int(),
    dependants: z.int(),
    cut: z.int(),
    missed: z.array(z.string()),
    decisions: z.int(),
    slowest_ms: z.number(),
    warning: z
      .string()
      .optional()
      .describe('it is in force, and nothing has the name, or nothing was there to take back'),
    fleet: z
      .object({
        members: z.int().describe('members that the hub knows the keys of'),
        confirmed: z.int().describe('of those, how many have it in force'),
        denying: z.int().describe('how many hold no lease, and so deny everything'),
        live: z.int(),
        dependants: z.int(),
        cut: z.int(),
        missed: z.int(),
        slowest_ms: z.number().describe('of the slowest flow at any member'),
        confirmed_ms: z.number().nullable().describe('from the change to the last confirmation'),
        cut_off: z
          .array(z.object({ node: z.string(), denies_from: at }))
          .describe('members that did not confirm, and from when on each denies everything at the latest'),
      })
      .optional()
      .describe('at the hub of a fleet: what its members said in the time that they were waited for'),
  })
  .describe('what a change did: flows live, flows that depended, flows cut, and the slowest of them');

const mark = z.object({ by: z.string(), why: z.string(), at, until: at.nullable(), change: z.string() });

const recordedAction = z
  .looseObject({ do: z.string() })
  .describe('what was done, with the name it was done to; `control.undo` names a change');

export const controlChanges = z.object({
  version: z.int(),
  changes: z.array(
    mark.extend({
      action: recordedAction,
      approved_by: z.string().nullable().describe('the second person, where one was needed'),
      stands: z.boolean().describe('whether what it left is still so, and `undo` would take it back'),
    }),
  ),
  pending: z.array(
    z.object({
      id: z.string(),
      action: recordedAction,
      by: z.string(),
      why: z.string(),
      at,
      for_ms: z.int().nullable(),
      until: at.describe('when it can no longer be approved'),
    }),
  ),
});

export const category = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  risk: z.string(),
  blocked: z.boolean(),
  by_default: z.boolean().describe('true when the taxonomy, and no operator, blocks it'),
  mark: mark.nullable(),
});

export const hostStanding = z.object({
  host: z.string(),
  categories: z.array(z.string()),
  sources: z
    .array(z.object({ category: z.string(), list: z.string(), file: z.string().nullable(), line: z.int().nullable() }))
    .describe('which list says so'),
  blocked_by: z.array(z.string()),
  overrides: z.array(z.object({ effect: z.enum(['allow', 'deny']), host: z.string(), tenant: z.string().nullable() })),
});

export const capability = z.object({
  name: z.string(),
  description: z.string(),
  owner: z.string(),
  risk: z.string(),
  version: z.string(),
  digest: z.string(),
  profiles: z.array(z.string()),
  revoked: mark.nullable(),
});

export const tenant = z.object({
  name: z.string(),
  flows: z.int(),
  tasks: z.int(),
  quarantined: mark.nullable(),
});

export const task = z.object({
  id: z.string(),
  tenant: z.string(),
  class: z.string(),
  profile: z.string(),
  kind: z.enum(['isolate', 'sandbox']),
  since: at,
  flows: z.int(),
  killed: mark.nullable(),
});

export const loggedEvent = z.object({ seq: z.int(), event: z.record(z.string(), z.unknown()) });

export const passedOver = z.object({
  seq: z.int().describe('the last that was left out'),
  passed_over: z.object({ entries: z.int(), denied: z.int().nullable().describe('null: not counted') }),
});

export const taskDetail = task.extend({ events: z.array(loggedEvent) });

export const flow = z.object({
  id: z.string(),
  kind: z.enum(['tunnel', 'exchange', 'websocket', 'isolate']),
  task: z.string(),
  tenant: z.string(),
  host: z.string(),
  since: at,
});

export const preview = z.object({
  category: z.string(),
  live_flows: z.int(),
  tasks: z.array(z.string()),
  tenants: z.array(z.string()),
  hosts: z.array(z.string()),
  flows: z.array(flow).describe('what is live now and would be cut; at most 1000 are listed'),
  allowed_last_day: z.int().describe('recorded allows of the last 24 hours that it would have denied'),
  tasks_last_day: z.array(z.string()).describe('tasks that had them'),
  hosts_last_day: z.array(z.string()).describe('hosts that they went to'),
  complete: z.boolean().describe('false when the last day holds more than were read; then the figures are too low'),
});

export const hangsOn = z.object({
  kind: z.string(),
  name: z.string(),
  live_flows: z.int(),
  flows: z.array(flow).describe('what is live now and hangs on it; at most 1000 are listed'),
  tasks: z.array(z.string()).describe('of the flows'),
  tenants: z.array(z.string()),
  hosts: z.array(z.string()),
  allowed_last_day: z.int().describe('recorded allows of the last 24 hours'),
  denied_last_day: z.int(),
  tenants_last_day: z.array(z.string()),
  tasks_last_day: z.array(z.string()),
  hosts_last_day: z.array(z.string()),
});

export const profile = z.object({
  name: z.string(),
  version: z.int(),
  owner: z.string(),
  description: z.string(),
  digest: z.string(),
  file: z.string(),
  capabilities: z.array(z.string()),
  classes: z.array(z.string()).describe('request classes that may run with it'),
  limits: z.record(z.string(), z.number()),
  guard: z.object({
    request: z.string(),
    result: z.string(),
    min_likelihood: z.string(),
    unscannable: z.string(),
    ignore: z.array(z.string()),
  }),
  record_paths: z.string(),
  tasks: z.int().describe('that live now'),
  tenants: z.array(z.string()).describe('of those'),
});

export const series = z.object({
  name: z.string(),
  unit: z.string(),
  limit: z.number().nullable().describe('objective, where there is one'),
  source: z.enum(['record', 'process']).describe('from the log, or sampled while this process ran'),
  points: z.array(z.object({ at, value: z.number().nullable(), samples: z.int() })),
});

export const bundleDiff = z.object({
  from: z.string().describe('digest of the bundle in force'),
  to: z.string(),
  changes: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      change: z.enum(['added', 'removed', 'changed']),
      before: z.string().nullable(),
      after: z.string().nullable(),
    }),
  ),
  compared: z.int().describe('requests of contracts that both decided'),
  requests: z.array(
    z.object({
      tenant: z.string(),
      class: z.string(),
      method: z.string(),
      host: z.string(),
      before: z.string(),
      after: z.string(),
      count: z.int(),
      example: z.string(),
    }),
  ),
});

export const decisionAnswer = z.object({
  effect: z.enum(['allow', 'deny']),
  reason: z.string(),
  step: z.string().nullable(),
  mode: z.string().nullable(),
  rule: z.object({ id: z.string(), file: z.string().nullable(), line: z.int().nullable() }).nullable(),
  capability: z.string().nullable(),
  categories: z.array(z.string()),
  facts: z.array(z.string()),
  would_allow: z.array(z.string()),
});

export const decisionQuestion = z.strictObject({
  tenant: label,
  class: label.nullable().default(null).describe('null: the default class of the policy'),
  profile: label.nullable().default(null),
  risk: z.int().min(0).max(100).default(0),
  method: z.string().regex(/^[A-Za-z]{1,20}$/),
  url: z.url(),
});

export const problem = z.object({ file: z.string(), line: z.int(), column: z.int(), message: z.string() });

export const loaded = z.object({
  loaded: z.boolean().describe('false: refused, and what ran before still runs'),
  digest: z.string(),
  previous: z.string().nullable(),
  problems: z.array(problem),
});

export const replayed = z.object({
  decisions: z.int(),
  differences: z.int(),
  outside: z.int().describe('refusals that policy was not asked about'),
  truncated: z.int().describe('records shortened to fit the log, which cannot be decided again'),
  groups: z.array(
    z.object({
      field: z.string().describe('the first field that differs'),
      before: z.string(),
      after: z.string(),
      tenant: z.string(),
      profile: z.string(),
      host: z.string(),
      count: z.int(),
      example: z.string().describe('id of one such decision'),
    }),
  ),
});

export const learnt = z.object({
  proposals: z.array(
    z.object({
      tenant: z.string(),
      class: z.string(),
      profile: z.string(),
      requests: z.int().describe('allowed requests that it was learnt from'),
      hosts: z
        .array(z.object({ host: z.string(), access: z.enum(['read', 'write']), requests: z.int() }))
        .describe('to be approved'),
      needed: z.array(z.string()),
      unused: z.array(z.string()).describe('capabilities of the profile that nothing used'),
      denied: z.array(z.object({ host: z.string(), method: z.string(), requests: z.int() })),
      files: z.array(z.object({ path: z.string(), text: z.string() })).describe('new files, for a person to review'),
    }),
  ),
});

export const bundleSummary = z.object({
  digest: z.string(),
  loaded_at: at,
  files: z.array(z.string()),
  capabilities: z.int(),
  profiles: z.array(z.string()),
  classes: z.array(z.string()),
});

export const serviceLevel = z.object({
  name: z.string(),
  of: z.string().nullable().describe('a profile, a rule or a status, where there are several'),
  objective: z.string(),
  measured: z.number().nullable(),
  unit: z.string(),
  met: z.boolean().nullable().describe('null: no objective, nothing measured, or too few samples to judge'),
  samples: z.int(),
  source: z.enum(['record', 'process']).describe('over the window from the log, or since the process started'),
});

export const status = z.object({
  node: z.string(),
  version: z.string(),
  started_at: at,
  ready: z.boolean(),
  bundle: z.string(),
  rules: z.string(),
  category_index: z.string(),
  controls: z.int(),
  waiting: z.int().describe('changes that wait for a second person'),
  doors: z.array(z.object({ name: z.string(), address: z.string() })),
  flows: z.int(),
  tasks: z.int(),
  entries: z.int().describe('entries in the record'),
  recording: z.boolean(),
});

/** RFC 9457. */
export const fault = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(FAULT_CODES),
  detail: z.string().describe('what is wrong, and how to mend it'),
  pending: z.string().optional().describe('of `needs_second_person`: what `POST /v1/controls/{name}/approve` takes'),
  until: at.optional().describe('of `needs_second_person`: when it can no longer be approved'),
});
