/** The commands of the integration pages, run as they stand against a real appliance, print what the pages say. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  execute,
  PROGRAM,
  type RunningAppliance,
  startProgram,
  temporaryDirectory,
} from '../journey/running-appliance.ts';

const PAGES = new URL('../../docs/integrations/', import.meta.url);
const names = readdirSync(PAGES).filter((name) => name !== 'README.md');
const directory = temporaryDirectory();
let appliance: RunningAppliance;

beforeAll(async () => {
  appliance = await startProgram(`${directory.path}/state`);
}, 60_000);

afterAll(async () => {
  await appliance?.stop();
  directory.remove();
});

describe('integration pages', () => {
  it.each(names)('%s does what it says', { timeout: 60_000 }, async (name) => {
    const page = readFileSync(new URL(name, PAGES), 'utf8');
    const [, script = '', prints] = /^```sh\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/m.exec(page) ?? [];
    const port = appliance.door('demonstration origins').split(':')[1];
    const here = script
      .replaceAll(':8443', `:${port}`)
      .replaceAll(/locktender (run|pass issue) /g, `locktender $1 --state ${appliance.state} `);
    const path = `${dirname(PROGRAM)}:${dirname(process.execPath)}:${process.env['PATH']}`;
    const ran = await execute(['sh', '-c', here], { env: { ...process.env, PATH: path } });
    expect(ran.stdout.trim(), ran.stderr).toBe(prints?.trim());
  });

  it('are all in the list', () => {
    const list = readFileSync(new URL('README.md', PAGES), 'utf8');
    expect([...list.matchAll(/\]\(([a-z0-9-]+\.md)\)/g)].map((match) => match[1]).sort()).toEqual([...names].sort());
  });
});
