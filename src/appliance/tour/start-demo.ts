/** The demonstration: loopback origins over real TLS, and the policy that lets sandboxes read them. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { RevisionRoots } from '../../control/load-revision.ts';
import { parseHost } from '../../core/host.ts';
import type { Clock } from '../../core/ports.ts';
import { type DemoOrigins, startDemoOrigins } from './demo-origins.ts';
import { demoAuthority, writeDemoOverlay } from './demo-overlay.ts';

export interface Demo {
  /** The configuration with the demonstration's answers and CA added. */
  readonly config: Config;
  readonly roots: RevisionRoots;
  readonly origins: DemoOrigins;
}

/** Starts the origins and writes the overlay to `<state>/demo`. `port` 0 takes any free one. */
export async function startDemo(config: Config, roots: RevisionRoots, port: number, clock: Clock): Promise<Demo> {
  const dir = join(config.state, 'demo');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const authority = demoAuthority(dir, clock);
  const origins = await startDemoOrigins((name) => {
    const host = parseHost(name);
    if (!host.ok) throw new Error('the name asked for is not a host');
    return authority.contextFor(host.value);
  }, port);
  const [base = ''] = roots.rules;
  const overlay = writeDemoOverlay(dir, origins.port, readFileSync(join(base, 'classes.yaml'), 'utf8'));
  const ca = join(dir, 'origin-ca.pem');
  writeFileSync(ca, authority.pem);
  const { resolver, inspect } = config.proxy;
  const proxy = {
    ...config.proxy,
    resolver: { ...resolver, hosts: { ...resolver.hosts, ...mutable(overlay.hosts) } },
    inspect: { ...inspect, upstream_ca: [...inspect.upstream_ca, ca] },
  };
  return {
    config: { ...config, proxy },
    roots: { ...roots, rules: [...roots.rules, overlay.rules], categories: [...roots.categories, overlay.categories] },
    origins,
  };
}

function mutable(hosts: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(hosts).map(([name, addresses]) => [name, [...addresses]]));
}
