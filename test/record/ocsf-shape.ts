/**
 * The shape that OCSF 1.5.0 gives to the classes and objects that we export: names of attributes, which of them are
 * required, types, enumerations and constraints. Facts taken down from the published schema (github.com/ocsf/ocsf-schema,
 * Apache-2.0) as compiled for 1.5.0; attributes of its profiles stand only where we apply one.
 */

type Kind = 'int' | 'long' | 'text' | 'bool' | 'texts' | 'any' | { readonly object: string };

interface Shape {
  readonly attributes: Readonly<Record<string, Kind>>;
  readonly required?: readonly string[];
  readonly atLeastOne?: readonly string[];
  readonly enums?: Readonly<Record<string, readonly number[]>>;
}

const all = (kind: Kind, names: string): Record<string, Kind> =>
  Object.fromEntries(names.split(/\s+/).map((name) => [name, kind]));
const object = (name: string): Kind => ({ object: name });
const upTo = (last: number): number[] => [...Array.from({ length: last + 1 }, (_, i) => i), 99];

const BASE: Shape = {
  attributes: {
    ...all('int', 'activity_id category_uid class_uid count severity_id status_id timezone_offset'),
    ...all('long', 'type_uid time duration start_time end_time raw_data_size'),
    ...all('text', 'activity_name category_name class_name message raw_data severity status status_code status_detail'),
    ...all('text', 'type_name'),
    ...all('any', 'enrichments observables'),
    metadata: object('metadata'),
    unmapped: 'any',
  },
  required: ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'],
  enums: { severity_id: upTo(6), status_id: [0, 1, 2, 99] },
};

const SECURITY_CONTROL: Shape = {
  attributes: {
    ...all('int', 'action_id confidence_id confidence_score disposition_id risk_level_id risk_score'),
    ...all('text', 'action confidence disposition risk_details risk_level'),
    ...all('any', 'attacks authorizations malware malware_scan_info'),
    firewall_rule: object('firewall_rule'),
    is_alert: 'bool',
    policy: object('policy'),
  },
  enums: { action_id: [0, 1, 2], disposition_id: upTo(27) },
};

const PROFILES: Readonly<Record<string, Shape>> = { security_control: SECURITY_CONTROL };

const NETWORK: Record<string, Kind> = {
  ...all('any', 'connection_info ja4_fingerprint_list proxy tls'),
  app_name: 'text',
  dst_endpoint: object('network_endpoint'),
  src_endpoint: object('network_endpoint'),
  traffic: object('network_traffic'),
};

const CLASSES: Readonly<Record<number, Shape>> = {
  2006: {
    attributes: {
      ...all('int', 'confidence_id confidence_score impact_id impact_score risk_level_id risk_score'),
      ...all('text', 'comment confidence impact risk_details risk_level'),
      ...all('any', 'data_security database databucket device file resources table vendor_attributes'),
      actor: object('actor'),
      dst_endpoint: object('network_endpoint'),
      finding_info: object('finding_info'),
      is_alert: 'bool',
      src_endpoint: object('network_endpoint'),
    },
    required: ['finding_info'],
    enums: { activity_id: upTo(3), status_id: upTo(6) },
  },
  4001: {
    attributes: { ...NETWORK, url: object('url') },
    atLeastOne: ['dst_endpoint', 'src_endpoint'],
    enums: { activity_id: upTo(7) },
  },
  4002: {
    attributes: {
      ...NETWORK,
      ...all('any', 'file http_cookies http_response'),
      http_request: object('http_request'),
      http_status: 'int',
    },
    atLeastOne: ['http_request', 'http_response'],
    enums: { activity_id: upTo(8) },
  },
  6002: { attributes: { app: object('product') }, required: ['app'], enums: { activity_id: upTo(4) } },
  6003: {
    attributes: {
      ...all('any', 'http_response resources'),
      actor: object('actor'),
      api: object('api'),
      dst_endpoint: object('network_endpoint'),
      http_request: object('http_request'),
      src_endpoint: object('network_endpoint'),
    },
    required: ['actor', 'api', 'src_endpoint'],
    enums: { activity_id: upTo(4) },
  },
};

const OBJECTS: Readonly<Record<string, Shape>> = {
  metadata: {
    attributes: {
      ...all('text', 'correlation_uid event_code log_level log_name log_provider log_version original_time tenant_uid'),
      ...all('text', 'uid version'),
      ...all('long', 'logged_time modified_time processed_time'),
      ...all('texts', 'debug labels profiles'),
      ...all('any', 'data_classifications extensions loggers tags transformation_info_list'),
      product: object('product'),
      sequence: 'int',
    },
    required: ['product', 'version'],
  },
  product: {
    attributes: { ...all('text', 'cpe_name lang name path uid url_string vendor_name version'), feature: 'any' },
    atLeastOne: ['name', 'uid'],
  },
  network_endpoint: {
    attributes: {
      ...all('text', 'domain hostname instance_uid interface_name interface_uid ip mac name subnet_uid svc_name type'),
      ...all('text', 'uid vlan_uid vpc_uid zone'),
      ...all('int', 'namespace_pid port type_id'),
      ...all('any', 'agent_list autonomous_system container hw_info location os owner proxy_endpoint'),
      intermediate_ips: 'texts',
    },
    atLeastOne: ['ip', 'uid', 'name', 'hostname', 'svc_name', 'instance_uid', 'interface_uid', 'interface_name'],
  },
  network_traffic: {
    attributes: all(
      'long',
      'bytes bytes_in bytes_missed bytes_out chunks chunks_in chunks_out packets packets_in packets_out',
    ),
  },
  http_request: {
    attributes: {
      ...all('text', 'args http_method referrer uid user_agent version'),
      ...all('int', 'body_length length'),
      http_headers: 'any',
      url: object('url'),
      x_forwarded_for: 'texts',
    },
  },
  url: {
    attributes: {
      ...all('text', 'domain hostname path query_string resource_type scheme subdomain url_string'),
      categories: 'texts',
      category_ids: 'any',
      port: 'int',
    },
  },
  firewall_rule: {
    attributes: {
      ...all('text', 'category condition desc match_location name sensitivity type uid version'),
      duration: 'long',
      match_details: 'texts',
      rate_limit: 'int',
    },
    atLeastOne: ['name', 'uid'],
  },
  policy: {
    attributes: { ...all('text', 'data desc name uid version'), group: 'any', is_applied: 'bool' },
    atLeastOne: ['name', 'uid'],
  },
  finding_info: {
    attributes: {
      ...all('text', 'desc product_uid src_url title uid uid_alt'),
      ...all('long', 'created_time first_seen_time last_seen_time modified_time'),
      ...all('texts', 'data_sources types'),
      ...all('any', 'analytic attacks kill_chain product related_analytics related_events tags traits'),
      related_events_count: 'int',
    },
    required: ['uid'],
  },
  api: {
    attributes: {
      ...all('text', 'operation version'),
      ...all('any', 'group request response'),
      service: object('service'),
    },
    required: ['operation'],
  },
  service: {
    attributes: { ...all('text', 'name uid version'), labels: 'texts', tags: 'any' },
    atLeastOne: ['name', 'uid'],
  },
  actor: {
    attributes: {
      ...all('any', 'authorizations idp process session'),
      ...all('text', 'app_name app_uid invoked_by'),
      user: object('user'),
    },
    atLeastOne: ['process', 'user', 'invoked_by', 'session', 'app_name', 'app_uid'],
  },
  user: {
    attributes: { ...all('text', 'domain email_addr full_name name type uid uid_alt'), type_id: 'int' },
    atLeastOne: ['account', 'name', 'uid'],
    enums: { type_id: upTo(4) },
  },
};

const INT_MAX = 2 ** 31 - 1;

/** What is wrong with it, by place; empty when it has the shape. */
export function ocsfProblems(event: Record<string, unknown>): string[] {
  const own = CLASSES[Number(event['class_uid'])];
  if (own === undefined) return [`class_uid ${String(event['class_uid'])} is not known`];
  const { profiles = [] } = event['metadata'] as { profiles?: string[] };
  const parts = [BASE, ...profiles.map((profile) => PROFILES[profile] ?? { attributes: {} }), own];
  const whole: Shape = {
    attributes: Object.assign({}, ...parts.map((part) => part.attributes)),
    required: parts.flatMap((part) => part.required ?? []),
    atLeastOne: own.atLeastOne ?? [],
    enums: Object.assign({}, ...parts.map((part) => part.enums ?? {})),
  };
  const problems = shaped(event, whole, '');
  const expected = { category_uid: Math.floor(Number(event['class_uid']) / 1000) };
  if (event['category_uid'] !== expected.category_uid) problems.push('category_uid is not that of the class');
  if (event['type_uid'] !== Number(event['class_uid']) * 100 + Number(event['activity_id']))
    problems.push('type_uid is not class_uid * 100 + activity_id');
  if (event['activity_id'] === 99 && typeof event['activity_name'] !== 'string')
    problems.push('activity_name must say what `Other` is');
  return problems;
}

function shaped(value: Record<string, unknown>, shape: Shape, at: string): string[] {
  const missing = (shape.required ?? [])
    .filter((name) => value[name] === undefined)
    .map((name) => `${at}${name} is missing`);
  const { atLeastOne = [] } = shape;
  const none = atLeastOne.length > 0 && atLeastOne.every((name) => value[name] === undefined);
  const wrong = Object.entries(value).flatMap(([name, part]) => {
    const kind = shape.attributes[name];
    if (kind === undefined) return [`${at}${name} is no attribute of it`];
    const allowed = shape.enums?.[name];
    if (allowed !== undefined && !allowed.includes(Number(part))) return [`${at}${name} cannot be ${String(part)}`];
    return kindProblems(part, kind, `${at}${name}`);
  });
  return [...missing, ...(none ? [`${at || 'it '}has none of ${atLeastOne.join(', ')}`] : []), ...wrong];
}

function kindProblems(value: unknown, kind: Kind, at: string): string[] {
  if (kind === 'any') return [];
  if (typeof kind === 'object') {
    const known = OBJECTS[kind.object];
    if (known === undefined || typeof value !== 'object' || value === null) return [`${at} is no ${kind.object}`];
    return shaped(value as Record<string, unknown>, known, `${at}.`);
  }
  return fits(value, kind) ? [] : [`${at} is no ${kind}`];
}

function fits(value: unknown, kind: Exclude<Kind, object>): boolean {
  switch (kind) {
    case 'int':
      return Number.isInteger(value) && Math.abs(Number(value)) <= INT_MAX;
    case 'long':
      return Number.isSafeInteger(value);
    case 'text':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    default:
      return true;
  }
}
