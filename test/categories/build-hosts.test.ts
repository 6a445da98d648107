/** What docs/categories.md says builds need is what the shipped `code` profile allows. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { whatIf } from '../../src/policy/trials/what-if.ts';

import { snapshot as shippedSnapshot } from '../policy/fixture.ts';

const text = readFileSync(new URL('../../docs/categories.md', import.meta.url), 'utf8');
const page = /^## What builds need$(.*?)^## /ms.exec(text)?.[1] ?? '';
const rows = [...page.matchAll(/^\| (`.*?) \| (`.*) \|$/gm)]
  .map(([, command = '', hosts = '']) => ({ command, hosts: [...hosts.matchAll(/`([^`]+)`/g)].map((m) => m[1] ?? '') }))
  .filter(({ command }) => !/^`(example|=|\*|192|!)/.test(command));
const snapshot = shippedSnapshot();
const asked = { tenant: 'acme', class: 'code', profile: null, risk: 0 };

const decide = (method: string, url: string) => {
  const answer = whatIf({ ...asked, method, url }, snapshot, 0);
  return answer.ok ? `${answer.value.effect} ${answer.value.reason} ${answer.value.categories}` : answer.error;
};

describe('what builds need', () => {
  it('is a table of the usual commands', () => {
    const commands = rows.map((row) => row.command).join(' ');
    for (const tool of [
      'npm install',
      'pip install',
      'apt update',
      'git clone',
      'docker pull',
      'cargo build',
      'go get',
    ])
      expect(commands).toContain(tool);
    for (const tool of ['mvn', 'gem install', 'composer', 'nuget', 'mix', 'conda', 'brew'])
      expect(commands).toContain(tool);
  });

  it.each(rows)('$command reaches its hosts under the code profile', ({ hosts }) => {
    const urls = hosts.map((host) => (host.includes('://') ? `${host}/` : `https://${host}/`));
    const denied = urls.filter((url) => !decide('GET', url).startsWith('allow capability_grants'));
    expect(denied.map((url) => `${url}: ${decide('GET', url)}`)).toEqual([]);
    const unknown = urls.filter((url) => decide('GET', url).endsWith(' uncategorised'));
    expect(unknown).toEqual([]);
  });

  it('git fetches from every host that the page names for it', () => {
    const hosts = rows.filter(({ command }) => command.startsWith('`git clone`')).flatMap((row) => row.hosts);
    const fetched = hosts.filter((host) => !/^(codeload|objects|raw|media|github-cloud)\./.test(host));
    expect(fetched.length).toBeGreaterThan(6);
    const denied = fetched.filter(
      (host) => !decide('POST', `https://${host}/a/b.git/git-upload-pack`).startsWith('allow capability_grants'),
    );
    expect(denied).toEqual([]);
  });

  it('no push: what a build writes is denied', () => {
    for (const url of [
      'https://github.com/a/b.git/git-receive-pack',
      'https://registry.npmjs.org/evil',
      'https://upload.pypi.org/legacy/',
    ])
      expect(decide('POST', url)).toContain('deny default_deny');
  });
});
