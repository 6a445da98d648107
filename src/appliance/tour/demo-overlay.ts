/**
 * What the demonstration adds to the shipped policy, written below the state directory so that it can be read and
 * edited: one capability for the demonstration hosts, a profile and class that hold it, and their categories.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import type { Clock } from '../../core/ports.ts';
import { type CertificateAuthority, openCertificateAuthority } from '../../pki/certificate-authority.ts';
import { DEMO_HOSTS } from './demo-origins.ts';

export interface DemoOverlay {
  readonly rules: string;
  readonly categories: string;
  /** Fixed answers for the resolver. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
}

const CATEGORY_OF: Readonly<Record<keyof typeof DEMO_HOSTS, string>> = {
  docs: 'documentation',
  files: 'net-disks',
  paste: 'paste-sites',
};

const capability = (port: number) => `# The demonstration hosts: servers of this appliance on loopback.
version: 1
name: net.read.demo
owner: demonstration
description: Read (GET, HEAD, OPTIONS) from the demonstration hosts.
risk: low
inspect: auto
grants:
  - methods: read
    hosts: [${Object.values(DEMO_HOSTS).join(', ')}]
    ports: [${port}]
private_destinations: [127.0.0.1/32]
`;

const tool = (port: number) => `version: 1
name: billing-readonly
description: Invoices and balances of a customer; changes nothing.
kind: http
url: https://${DEMO_HOSTS.docs}:${port}/billing
read_only: true
args:
  type: object
  properties:
    customer: { type: string, minLength: 1, maxLength: 100 }
    what: { type: string, enum: [invoices, balance] }
  required: [customer, what]
  additionalProperties: false
`;

const PROFILE = `# For trying things out.
version: 1
name: demo
owner: demonstration
description: Reads the demonstration hosts.
capabilities: [net.read.demo, storage.read.ephemeral, storage.write.ephemeral, tool.invoke.billing-readonly]
limits:
  cpu_ms: 10000
  wall_ms: 3600000
  memory_mb: 64
  output_bytes: 262144
  requests: 1000
  rate: 100
  bytes_up: 1048576
  bytes_down: 1073741824
  concurrency: 64
  distinct_hosts: 10
  leak_bytes: 4096
guard:
  request: enforce
  result: enforce
  min_likelihood: POSSIBLE
  unscannable: block
record_paths: clear
`;

/** Writes the overlay to `dir`; `classes` is the text of the shipped `classes.yaml`. */
export function writeDemoOverlay(dir: string, port: number, classes: string): DemoOverlay {
  const document = parseDocument(classes);
  document.addIn(['classes'], document.createNode({ name: 'demo', description: 'Trying things out', profile: 'demo' }));
  document.set('default', 'demo');
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  put('rules/capabilities/net.read.demo.yaml', capability(port));
  put('rules/profiles/demo.yaml', PROFILE);
  put('rules/tools/billing-readonly.yaml', tool(port));
  put('rules/classes.yaml', document.toString());
  for (const [key, category] of Object.entries(CATEGORY_OF)) {
    put(`categories/lists/${category}/demo.txt`, `${DEMO_HOSTS[key as keyof typeof DEMO_HOSTS]}\n`);
  }
  return {
    rules: join(dir, 'rules'),
    categories: join(dir, 'categories'),
    hosts: Object.fromEntries(Object.values(DEMO_HOSTS).map((name) => [name, ['127.0.0.1']])),
  };
}

/** The demonstration's own CA, apart from the appliance's. */
export function demoAuthority(dir: string, clock: Clock): CertificateAuthority {
  return openCertificateAuthority({ dir, name: 'demo-origin-ca', commonName: 'Locktender demonstration CA', clock });
}
