/**
 * Events as OCSF 1.5.0, in the classes that fit: a decision is HTTP Activity, a close Network Activity, a guard verdict
 * a Data Security Finding, tasks and nodes Application Lifecycle, everything that somebody changed or looked at API
 * Activity. What has no place in the class is kept under `unmapped`.
 */

import type {
  AuditEvent,
  DecisionEvent,
  FleetLeaseEvent,
  GuardVerdictEvent,
  NodeRecoveredEvent,
  NodeStartedEvent,
  TaskAdmittedEvent,
  TaskFinishedEvent,
} from '../core/event.ts';

import { isSealed } from './sealed-fields.ts';

const SCHEMA_VERSION = '1.5.0';

const CLASS = {
  dataSecurityFinding: 2006,
  networkActivity: 4001,
  httpActivity: 4002,
  applicationLifecycle: 6002,
  apiActivity: 6003,
} as const;

const OTHER = 99;
/** `metadata.sequence` is a 32-bit integer. */
const MAX_SEQUENCE = 2 ** 31 - 1;
const SEVERITY = { informational: 1, low: 2, medium: 3, high: 4 } as const;

interface Mapped {
  readonly class_uid: (typeof CLASS)[keyof typeof CLASS];
  readonly activity_id: number;
  readonly severity_id: number;
  /** What `Other` (99) is. */
  readonly activity_name?: string;
  /** 1 success, 2 failure; of a finding, 1 is new. */
  readonly status_id: 1 | 2;
  readonly fields: object;
}

export function ocsfEvent(seq: number, event: AuditEvent): object {
  const { class_uid, activity_id, activity_name, severity_id, status_id, fields } = mapped(event);
  return {
    category_uid: Math.floor(class_uid / 1000),
    class_uid,
    activity_id,
    ...(activity_id === OTHER ? { activity_name } : {}),
    type_uid: class_uid * 100 + activity_id,
    severity_id,
    status_id,
    time: Date.parse(event.time),
    metadata: {
      version: SCHEMA_VERSION,
      product: { name: 'Locktender', vendor_name: 'Locktender' },
      profiles: 'disposition_id' in fields ? ['security_control'] : [],
      uid: event.id,
      ...(seq <= MAX_SEQUENCE ? { sequence: seq } : {}),
      log_name: event.type,
      logged_time: Date.parse(event.time),
      ...(event.tenant === null ? {} : { tenant_uid: event.tenant }),
    },
    ...fields,
    unmapped: event,
  };
}

function mapped(event: AuditEvent): Mapped {
  const ok = { severity_id: SEVERITY.informational, status_id: 1 } as const;
  switch (event.type) {
    case 'decision':
      return decision(event);
    case 'flow.closed': {
      const { bytes_up, bytes_down, duration_ms } = event;
      const traffic = { bytes_out: bytes_up, bytes_in: bytes_down, bytes: bytes_up + bytes_down };
      const fields = {
        src_endpoint: taskEndpoint(event),
        traffic,
        duration: Math.round(duration_ms),
        status_detail: event.cause,
      };
      return { class_uid: CLASS.networkActivity, activity_id: 2, ...ok, fields };
    }
    case 'guard.verdict':
      return verdict(event);
    case 'task.admitted':
    case 'task.finished':
    case 'node.started':
    case 'node.recovered':
    case 'fleet.lease':
      return life(event);
    case 'control.changed':
      return { ...api(event.by, event.action.do, 3), severity_id: SEVERITY.medium };
    case 'control.pending':
      return { ...api(event.by, `${event.action.do}.${event.state}`, 3), severity_id: SEVERITY.medium };
    case 'bundle.loaded':
      return { ...api('locktender', 'bundle.load', 3), status_id: event.refused === null ? 1 : 2 };
    case 'rules.loaded':
      return { ...api('locktender', 'rules.load', 3), status_id: event.refused === null ? 1 : 2 };
    case 'tenant.shredded':
      return { ...api(event.by, 'tenant.shred', 4), severity_id: SEVERITY.medium };
    case 'log.pruned':
      return { ...api(event.by, 'log.prune', 4), severity_id: SEVERITY.medium };
    case 'admin.access':
      return {
        ...api(event.actor, `${event.method} ${event.route}`, event.method === 'GET' ? 2 : 3),
        status_id: event.status < 400 ? 1 : 2,
      };
  }
}

type LifeEvent = TaskAdmittedEvent | TaskFinishedEvent | NodeStartedEvent | NodeRecoveredEvent | FleetLeaseEvent;

function life(event: LifeEvent): Mapped {
  switch (event.type) {
    case 'task.admitted':
      return {
        ...lifecycle(event.admitted ? 3 : OTHER, { name: `task ${event.class}`, uid: event.task ?? event.id }),
        activity_name: 'Refused',
        status_id: event.admitted ? 1 : 2,
      };
    case 'task.finished':
      return {
        ...lifecycle(4, { name: 'task', uid: event.task ?? event.id }),
        status_id: event.status === 'completed' ? 1 : 2,
      };
    case 'node.started':
      return lifecycle(3, { name: 'Locktender', version: event.version });
    case 'node.recovered':
      return { ...lifecycle(3, { name: 'Locktender' }), severity_id: SEVERITY.low };
    case 'fleet.lease': {
      const held = event.state === 'held';
      const own = lifecycle(held ? 3 : 4, { name: 'Locktender fleet lease' });
      return {
        ...own,
        status_id: held ? 1 : 2,
        severity_id: held ? SEVERITY.informational : SEVERITY.medium,
      };
    }
  }
}

/** Activities of HTTP Activity by method. */
const METHODS: Readonly<Record<string, number>> = {
  CONNECT: 1,
  DELETE: 2,
  GET: 3,
  HEAD: 4,
  OPTIONS: 5,
  POST: 6,
  PUT: 7,
  TRACE: 8,
};

function decision(event: DecisionEvent): Mapped {
  const { input, effect, reason, rule, capability } = event;
  const allowed = effect === 'allow';
  const hostname = input.host ?? undefined;
  const port = input.port ?? undefined;
  const [ip] = input.addresses ?? [];
  const url = { scheme: input.scheme ?? undefined, hostname, port, path: clearPath(input) };
  return {
    class_uid: CLASS.httpActivity,
    activity_id: METHODS[input.method] ?? OTHER,
    activity_name: input.method,
    severity_id: allowed ? SEVERITY.informational : SEVERITY.low,
    status_id: allowed ? 1 : 2,
    fields: {
      action_id: allowed ? 1 : 2,
      disposition_id: allowed ? 1 : 2,
      status_detail: reason,
      http_request: { http_method: input.method, ...(hostname === undefined ? {} : { url }), uid: event.id },
      // An endpoint must be named by something.
      ...(hostname === undefined && ip === undefined ? {} : { dst_endpoint: { hostname, port, ip } }),
      src_endpoint: taskEndpoint(event),
      firewall_rule: rule === null ? undefined : { uid: rule.id, name: capability ?? rule.id },
      policy: { uid: input.bundle, name: 'locktender policy bundle' },
    },
  };
}

function clearPath({ path }: DecisionEvent['input']): string | undefined {
  return path === null || isSealed(path) ? undefined : path;
}

function verdict(event: GuardVerdictEvent): Mapped {
  const { action, direction, findings, more, id } = event;
  const severity_id = { pass: SEVERITY.informational, redact: SEVERITY.medium, block: SEVERITY.high }[action];
  const count = findings.length + more;
  return {
    class_uid: CLASS.dataSecurityFinding,
    activity_id: 1,
    severity_id,
    status_id: 1,
    fields: {
      finding_info: {
        uid: id,
        title: `${count} finding${count === 1 ? '' : 's'} in a ${direction}: ${action}`,
        types: [...new Set(findings.map((f) => f.rule))],
      },
      action_id: action === 'block' ? 2 : 1,
      disposition_id: { pass: 1, redact: 11, block: 2 }[action],
      is_alert: action === 'block',
    },
  };
}

function lifecycle(activity_id: number, app: { name: string; uid?: string; version?: string }): Mapped {
  return {
    class_uid: CLASS.applicationLifecycle,
    activity_id,
    severity_id: SEVERITY.informational,
    status_id: 1,
    fields: { app: { vendor_name: 'Locktender', ...app } },
  };
}

function api(actor: string, operation: string, activity_id: number): Mapped {
  return {
    class_uid: CLASS.apiActivity,
    activity_id,
    severity_id: SEVERITY.informational,
    status_id: 1,
    fields: {
      actor: { user: { name: actor, type_id: 0 } },
      api: { operation, service: { name: 'locktender admin API' } },
      src_endpoint: { name: actor },
    },
  };
}

function taskEndpoint({ task, node }: AuditEvent): object {
  return { uid: task ?? node, name: task === null ? node : 'sandbox task' };
}
