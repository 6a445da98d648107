/** The egress gate's settings and its gate, out of the configuration. */

import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/ports.ts';
import { type HostPattern, parseHostPattern } from '../policy/bundle/host-pattern.ts';
import { createDialer } from '../proxy/dial/dialer.ts';
import { dnsSource } from '../proxy/dial/dns-source.ts';
import { HostsFile } from '../proxy/dial/hosts-file.ts';
import { createResolver, type Resolver } from '../proxy/dial/resolver.ts';
import { Upstreams } from '../proxy/dial/upstreams.ts';
import { DEFAULT_SETTINGS, type ParentProxy, type ProxySettings } from '../proxy/settings.ts';
import type { DoorListen } from '../proxy/start-proxy.ts';
import { certificatesOf, doorKeys } from './pem-files.ts';

export function proxySettings({ proxy }: Config): ProxySettings {
  const { deadlines, limits, inspect } = proxy;
  return {
    ...DEFAULT_SETTINGS,
    headTimeoutMs: deadlines.head_ms,
    requestTimeoutMs: deadlines.request_ms,
    keepAliveMs: deadlines.keep_alive_ms,
    helloTimeoutMs: deadlines.hello_ms,
    connectTimeoutMs: deadlines.connect_ms,
    resolveTimeoutMs: proxy.resolver.timeout_ms,
    responseTimeoutMs: deadlines.response_ms,
    idleMs: deadlines.idle_ms,
    maxHeadBytes: limits.head_bytes,
    maxHeaderCount: limits.header_fields,
    maxConnections: limits.connections,
    maxPools: limits.upstream_pools,
    tenant: tenantLimits(limits),
    pinned: proxy.pinned_fields.map(({ hosts, fields }) => ({
      hosts: hosts.map(patternOf),
      fields: Object.entries(fields),
    })),
    ech: inspect.ech,
    sniOptional: inspect.sni_optional,
    upstreamCas: inspect.upstream_ca.map((file) => certificatesOf({ key: 'proxy.inspect.upstream_ca', file })),
    parent: proxy.parent ? parentOf(proxy.parent) : null,
  };
}

function tenantLimits(limits: Config['proxy']['limits']): ProxySettings['tenant'] {
  return {
    concurrency: limits.tenant_concurrency,
    rate: limits.tenant_rate,
    windowMs: limits.tenant_window_ms,
    requests: limits.tenant_requests,
    bytesUp: limits.tenant_bytes_up,
    bytesDown: limits.tenant_bytes_down,
    distinctHosts: limits.tenant_distinct_hosts,
    leakBytes: limits.tenant_leak_bytes,
  };
}

function patternOf(text: string): HostPattern {
  const pattern = parseHostPattern(text);
  if (!pattern.ok) throw new Error(`proxy.pinned_fields: ${pattern.error}`);
  return pattern.value;
}

export function resolverOf({ proxy }: Config, clock: Clock): Resolver {
  const { hosts, servers, timeout_ms } = proxy.resolver;
  const fixed = new HostsFile('/etc/hosts', new Map(Object.entries(hosts)));
  return createResolver(fixed, dnsSource({ servers, timeoutMs: timeout_ms }), clock);
}

export function upstreamsOf(settings: ProxySettings): Upstreams {
  return new Upstreams(createDialer(settings), settings);
}

/** The doors that the configuration opens. */
export function doorsOf({ proxy, socks }: Config): DoorListen[] {
  const { tls, listen } = proxy;
  const egress: DoorListen = tls ? { kind: 'https', ...listen, tls: tlsOf(tls) } : { kind: 'http', ...listen };
  return socks.enabled ? [egress, { kind: 'socks5', ...socks.listen }] : [egress];
}

function tlsOf({ cert, key, client_ca: clientCa }: NonNullable<Config['proxy']['tls']>) {
  const own = doorKeys({ key: 'proxy.tls.cert', file: cert }, { key: 'proxy.tls.key', file: key });
  if (clientCa === undefined) return own;
  return { ...own, ca: certificatesOf({ key: 'proxy.tls.client_ca', file: clientCa }) };
}

const PARENT_KINDS = { 'http:': 'http', 'https:': 'https', 'socks5:': 'socks5' } as const;
const PARENT_PORTS = { http: 80, https: 443, socks5: 1080 } as const;

function parentOf({ url: text, name, ca, destination }: NonNullable<Config['proxy']['parent']>): ParentProxy {
  const url = new URL(text);
  const kind = PARENT_KINDS[url.protocol as keyof typeof PARENT_KINDS];
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    kind,
    host,
    port: Number(url.port || PARENT_PORTS[kind]),
    name: name ?? host,
    cas: ca.map((file) => certificatesOf({ key: 'proxy.parent.ca', file })),
    username: url.username === '' ? null : decodeURIComponent(url.username),
    password: url.password === '' ? null : decodeURIComponent(url.password),
    destination,
  };
}
