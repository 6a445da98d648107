/** The Helm chart: rendered, each object valid by the published schemas, and as tight as the restricted profile asks. */

import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config/load.ts';
import { execute, PROGRAM } from '../journey/running-appliance.ts';
import { chartFile, chartValues, type KubernetesObject, renderChart, renderText, type Values } from './render-chart.ts';

type Validator = { validate(): void };
const KINDS: Readonly<Record<string, new (data: never) => Validator>> = {
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy,
  'apps/v1 StatefulSet': StatefulSet,
  'apps/v1 Deployment': Deployment,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
  'v1 ConfigMap': ConfigMap,
  'v1 Service': Service,
};

function validate(object: KubernetesObject): void {
  const Kind = KINDS[`${object.apiVersion} ${object.kind}`];
  if (!Kind) throw new Error(`no schema for ${object.apiVersion} ${object.kind}`);
  new Kind(object as never).validate();
}

const variants: readonly [string, Values][] = [
  ['as shipped', {}],
  [
    'two sandbox namespaces, an admin namespace',
    { sandboxes: { namespaces: ['a', 'b'] }, admin: { namespaces: ['ops'] } },
  ],
  ['a storage class and a configuration', { storage: { size: '1Ti', className: 'fast' }, config: { node: 'gate-1' } }],
  ['an allow list of its own', { egress: { allow: ['203.0.113.0/24'], except: [] } }],
];
const objects = renderChart(chartValues());
const one = (kind: string, name?: string) =>
  objects.find(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  ) as KubernetesObject;

const withExample = { ...chartValues(), example: { ...(chartValues()['example'] as Values), enabled: true } };

describe('the example sandbox', () => {
  const rendered = renderChart(withExample);
  const sandbox = rendered.find(({ kind }) => kind === 'Deployment') as KubernetesObject;
  const { spec } = (sandbox['spec'] as { template: { spec: SandboxSpec } }).template;

  it('is one more object, valid by the published schemas', () => {
    expect(rendered).toHaveLength(8);
    expect(() => validate(sandbox)).not.toThrow();
  });

  it('T-49 gives the sandbox container neither the pass nor what passes are got by', () => {
    const [container] = spec.containers;
    expect(container?.volumeMounts.map(({ name }) => name)).toEqual(['trust', 'home']);
    expect(JSON.stringify(container)).not.toContain('secrets');
    expect(container?.env).toContainEqual({ name: 'HTTPS_PROXY', value: 'http://127.0.0.1:3128' });
  });

  it('has the relay as a native sidecar, started by options that the program knows', async () => {
    const [relay] = spec.initContainers;
    expect(relay?.restartPolicy).toBe('Always');
    const ran = await execute([PROGRAM, ...(relay?.args ?? [])]);
    expect(ran.stderr).toContain('cannot read `/etc/locktender/ca/ca.pem` (ENOENT)');
    expect(ran.code).toBe(2);
  });

  it('T-44 stands in a namespace that the network policy closes', () => {
    const policy = rendered.find(({ metadata }) => metadata.name === 'gate-only-way-out');
    expect(policy?.metadata.namespace).toBe(sandbox.metadata.namespace);
  });
});

describe('the Helm chart', () => {
  it.each(variants)('%s: every object is valid by the published schemas', (_name, changed) => {
    const rendered = renderChart({ ...chartValues(), ...changed });
    const namespaces = (changed['sandboxes'] as { namespaces: string[] } | undefined)?.namespaces ?? ['sandboxes'];
    expect(rendered).toHaveLength(6 + namespaces.length);
    for (const object of rendered)
      expect(() => validate(object), `${object.kind} ${object.metadata.name}`).not.toThrow();
  });

  it('is checked by schemas that refuse what is wrong', () => {
    const set = structuredClone(one('StatefulSet'));
    Object.assign(set['spec'] as object, { replicas: 'one' });
    expect(() => validate(set)).toThrow(/replicas/);
  });

  it('holds its pod to the restricted profile, with a root file system that is read-only', () => {
    const { spec } = (one('StatefulSet')['spec'] as { template: { spec: PodSpec } }).template;
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.containers.map((c) => c.securityContext)).toEqual([
      {
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    ]);
  });

  it('asks the health endpoints that there are', () => {
    const { spec } = (one('StatefulSet')['spec'] as { template: { spec: PodSpec } }).template;
    const [gate] = spec.containers;
    expect(gate?.livenessProbe.httpGet).toMatchObject({ path: '/healthz', port: 'admin' });
    expect(gate?.readinessProbe.httpGet).toMatchObject({ path: '/readyz', port: 'admin' });
  });

  it('T-44 lets a sandbox reach the doors of the gate and nothing else, DNS included', () => {
    const policy = one('NetworkPolicy', 'gate-only-way-out');
    expect(policy.metadata.namespace).toBe('sandboxes');
    const { labels } = (one('StatefulSet')['spec'] as { template: { metadata: { labels: object } } }).template.metadata;
    expect(policy['spec']).toEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [
        {
          to: [
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'locktender' } },
              podSelector: { matchLabels: labels },
            },
          ],
          ports: [3128, 1080, 8128].map((port) => ({ protocol: 'TCP', port })),
        },
      ],
    });
  });

  it('keeps the admin door from sandboxes, and the metadata services from the gate', () => {
    const { ingress, egress } = one('NetworkPolicy', 'gate-gate')['spec'] as { ingress: Rule[]; egress: Rule[] };
    expect(ingress.flatMap((rule) => rule.ports.map(({ port }) => port))).not.toContain(9128);
    expect(JSON.stringify(egress)).toContain('{"cidr":"0.0.0.0/0","except":["169.254.0.0/16"]}');
  });

  it('starts with a configuration that the program takes', () => {
    const changed = { config: { node: 'gate-1', proxy: { limits: { connections: 100 } } } };
    for (const config of [chartValues(), { ...chartValues(), ...changed }]) {
      const map = renderChart(config).find(({ kind }) => kind === 'ConfigMap');
      const text = (map as unknown as { data: Record<string, string> }).data['locktender.yaml'] ?? '';
      const { spec } = (one('StatefulSet')['spec'] as { template: { spec: PodSpec } }).template;
      const env = Object.fromEntries((spec.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
      expect(loadConfig({ file: '/etc/locktender.yaml', text, env, flags: {}, cwd: '/' })).toMatchObject({ ok: true });
    }
  });
});

interface PodSpec {
  readonly securityContext: object;
  readonly automountServiceAccountToken: boolean;
  readonly containers: readonly {
    readonly securityContext: object;
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly livenessProbe: { readonly httpGet: object };
    readonly readinessProbe: { readonly httpGet: object };
  }[];
}

interface SandboxSpec {
  readonly initContainers: readonly { readonly restartPolicy: string; readonly args: readonly string[] }[];
  readonly containers: readonly {
    readonly env: readonly object[];
    readonly volumeMounts: readonly { name: string }[];
  }[];
}

interface Rule {
  readonly ports: readonly { readonly port: number }[];
}

describe('values.schema.json', () => {
  const schema = z.fromJSONSchema(JSON.parse(chartFile('values.schema.json')));

  it.each(variants)('takes values: %s', (_name, changed) => {
    expect(schema.safeParse({ ...chartValues(), ...changed }).success).toBe(true);
  });

  it.each([
    ['an unknown key', { replicas: 2 }],
    ['no sandbox namespace', { sandboxes: { namespaces: [] } }],
    ['a namespace that cannot be', { sandboxes: { namespaces: ['A_b'] } }],
    ['a size without a unit', { storage: { size: '10', className: '' } }],
    ['a range that is an address', { egress: { allow: ['10.0.0.1'], except: [] } }],
  ])('refuses %s', (_name, changed) => {
    expect(schema.safeParse({ ...chartValues(), ...changed }).success).toBe(false);
  });
});

describe('the renderer', () => {
  it.each([
    ['{{ include "x" . }}', /beyond what the chart may use/],
    ['{{ .Values.absent }}', /not a value of the chart/],
    ['{{- if .Values.off }}', /without its end/],
  ])('refuses %s', (text, error) => {
    expect(() => renderText(text, { Values: { off: false } })).toThrow(error);
  });

  it('renders blocks, nested and left out', () => {
    const text =
      'a:{{- range .Values.list }}\n- {{ . }}{{- if eq . "x" }}!{{- end }}\n{{- end }}\n{{- if .Values.off }}\n{{- range .Values.list }}b{{- end }}\n{{- end }}\nc: 1';
    expect(parse(renderText(text, { Values: { list: ['x', 'y'], off: false } }))).toEqual({ a: ['x!', 'y'], c: 1 });
  });
});
