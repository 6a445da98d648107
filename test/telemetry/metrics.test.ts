/** `/metrics` and `slo` of a real appliance under traffic, against the pages and files that speak of them. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { METRICS } from '../../src/telemetry/metric-catalogue.ts';
import { execute, type RunningAppliance, startProgram, temporaryDirectory } from '../journey/running-appliance.ts';

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const directory = temporaryDirectory();
let appliance: RunningAppliance;
let exposition = '';

/** Series by metric, without the suffixes of histograms. */
function seriesOf(text: string): Map<string, string[]> {
  const series = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const found = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!found) continue;
    const [, name = '', labels = ''] = found;
    const base = name.replace(/_(bucket|sum|count)$/, '');
    const metric = METRICS[name] === undefined ? base : name;
    series.set(metric, [...(series.get(metric) ?? []), labels]);
  }
  return series;
}

beforeAll(async () => {
  appliance = await startProgram(join(directory.path, 'state'));
  const { stdout } = await appliance.cli('pass', 'issue', '--tenant', 'acme', '--json');
  const { proxy_url: proxy } = JSON.parse(stdout) as { proxy_url: string };
  const ca = join(directory.path, 'ca.pem');
  const base = `http://${appliance.door('admin API').replace(/^https?:\/\//, '')}`;
  await execute(['curl', '-s', '-o', ca, `${base}/ca.pem`]);
  const origin = appliance.door('demonstration origins').split(':')[1];
  const get = (host: string) =>
    execute(['curl', '-s', '-m', '20', '--cacert', ca, '-x', proxy, `https://${host}:${origin}/`]);
  await get('docs.demo.test');
  await get('not.allowed.example');
  const tool = 'export default async () => 1';
  await execute([join(process.cwd(), 'bin/locktender'), 'exec', '-', '--state', appliance.state], { input: tool });
  await appliance.cli('category', 'block', 'news', '--why', 'test');
  exposition = (await execute(['curl', '-s', `${base}/metrics`])).stdout;
}, 60_000);
afterAll(async () => {
  await appliance?.stop();
  directory.remove();
});

describe('/metrics', () => {
  it('declares exactly what is documented, with its type', () => {
    const declared = [...exposition.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    expect(declared.sort()).toEqual(
      Object.entries(METRICS)
        .map(([name, { type }]) => `${name} ${type}`)
        .sort(),
    );
  });

  it('gives series the labels that are documented', () => {
    for (const [name, series] of seriesOf(exposition)) {
      for (const labels of series) {
        const keys = [...labels.matchAll(/([a-z_]+)="/g)].map(([, key]) => key).filter((key) => key !== 'le');
        expect({ name, keys: keys.sort() }).toEqual({ name, keys: [...(METRICS[name]?.labels ?? [])].sort() });
      }
    }
  });

  it.each([
    'locktender_decisions_total',
    'locktender_decision_seconds',
    'locktender_flows',
    'locktender_flows_closed_total',
    'locktender_flow_bytes_total',
    'locktender_control_changes_total',
    'locktender_isolate_boot_seconds',
    'locktender_isolates',
    'locktender_tasks_total',
    'locktender_guard_bytes_total',
    'locktender_guard_seconds_total',
    'locktender_guard_verdicts_total',
    'locktender_log_entries_total',
    'locktender_log_commit_seconds',
    'locktender_log_writable',
    'locktender_build_info',
  ])('measures %s under traffic', (name) => {
    expect(seriesOf(exposition).get(name)).toBeDefined();
  });

  it('documents nothing that no part counts', () => {
    const sources = globSync('src/**/*.ts').filter((name) => !name.endsWith('.test.ts') && !name.includes('catalogue'));
    const text = sources.map(file).join('');
    expect(Object.keys(METRICS).filter((name) => !text.includes(`'${name}'`))).toEqual([]);
  });

  it('has a row in docs/metrics.md for each metric, and none for another', () => {
    const rows = [...file('docs/metrics.md').matchAll(/^\| `(locktender_\w+)` \| (\w+) \| (.*) \| (.*) \|$/gm)];
    expect(rows.map((row) => row.slice(1))).toEqual(
      Object.entries(METRICS).map(([name, { type, labels, help }]) => [
        name,
        type,
        labels.map((l) => `\`${l}\``).join(', ') || '-',
        help,
      ]),
    );
  });

  it.each(['deploy/alerts/locktender.rules.yml', 'deploy/grafana/locktender.json'])('%s names known ones', (name) => {
    const named = new Set([...file(name).matchAll(/\blocktender_[a-z_]+/g)].map(([found]) => found));
    const unknown = [...named].filter(
      (found) => METRICS[found] === undefined && METRICS[found.replace(/_(bucket|sum|count)$/, '')] === undefined,
    );
    expect(unknown).toEqual([]);
    expect(named.size).toBeGreaterThan(5);
  });
});

describe('slo', () => {
  it('tells what was measured, from the record and from the process', async () => {
    const { code, stdout } = await appliance.cli('slo', '--window', '90m', '--json');
    expect(code).toBe(0);
    const { from, to, levels } = JSON.parse(stdout) as {
      from: number;
      to: number;
      levels: { name: string; of: string | null; measured: number | null; samples: number; met: boolean | null }[];
    };
    expect(to - from).toBe(90 * 60_000);
    const level = (name: string) => levels.find((l) => l.name === name && l.of === null);
    expect(level('isolate_boot_p95')).toMatchObject({ samples: 1, met: null });
    expect(level('isolate_boot_p95')?.measured).toBeGreaterThan(0);
    expect(level('tool_call_timeout_ratio')).toMatchObject({ measured: 0, samples: 1, met: null });
    expect(level('denied_ratio')?.measured).toBeCloseTo(1 / 3, 3);
    expect(levels.filter((l) => l.name === 'denied_ratio' && l.of !== null)).not.toEqual([]);
    expect(level('unclassified_capability_requests')).toMatchObject({ measured: 0, met: null });
    expect(level('decision_latency_p99')?.samples).toBeGreaterThan(0);
    expect(level('log_lag')?.met).toBe(true);
  });

  it.each(['md', 'html'])('writes a report as %s', async (format) => {
    const { code, stdout } = await appliance.cli('slo', '--report', format);
    expect(code).toBe(0);
    expect(stdout).toMatch(/isolate boot p95/);
  });

  it.each([
    ['--window', '0d'],
    ['--window', 'week'],
    ['--report', 'pdf'],
  ])('takes %s %s for a mistake', async (...args) => {
    expect((await appliance.cli('slo', ...args)).code).toBe(2);
  });
});
