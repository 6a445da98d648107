/** Alert rules and dashboard against a real Prometheus: its own `promtool`, where the machine has it (setup-test.sh gets it). */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { execute } from '../journey/running-appliance.ts';

const root = join(import.meta.dirname, '../..');
const path = `${process.env['PATH']}:${join(root, 'toolchain')}`;
const promtool = (...args: [string, ...string[]]) =>
  execute(['promtool', ...args], { cwd: root, env: { ...process.env, PATH: path } });
const there = await promtool('--version').then(
  ({ code }) => code === 0,
  () => false,
);

describe.skipIf(!there)('alert rules, by promtool', () => {
  it('are rules', async () => {
    expect(await promtool('check', 'rules', 'deploy/alerts/locktender.rules.yml')).toMatchObject({ code: 0 });
  });

  it('fire when they should, and not before', async () => {
    expect(await promtool('test', 'rules', 'deploy/alerts/locktender.test.yml')).toMatchObject({ code: 0 });
  });
});
