/**
 * A secret is found in every way that configuration and code write it: one table of spellings, over every rule that
 * ships. Rules that are known by the name of a value, and rules that are known by a form of its own, alike.
 */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { rootsOf } from '../../src/control/load-revision.ts';
import { loadRules } from '../../src/control/load-rules.ts';
import type { CompiledRule } from '../../src/dlp/compiled-rule.ts';
import { NOWHERE, scan, scanRule } from '../../src/dlp/scan.ts';

const SPELLINGS: readonly (readonly [string, string])[] = [
  ['an ini line', '{name}Token={secret}'],
  ['a quoted ini line', '{name}Token = "{secret}"'],
  ['JSON', '{\n  "{name}_token": "{secret}"\n}'],
  ['JSON inside a string', '{\\"{name}_token\\": \\"{secret}\\"}'],
  ['a JSON pair of name and value', '{"name": "{name}_token",\n "value": "{secret}"}'],
  ['XML', '<{name}Token>\n    {secret}\n</{name}Token>'],
  ['an XML attribute', '<entry name="{name}Token" value="{secret}" />'],
  ['YAML', "{name}_token: '{secret}'"],
  ['a YAML block', '{name}_token: |\n  {secret}'],
  ['an environment of a pod', '- name: {name}_API_KEY\n  value: {secret}'],
  ['a shell export', 'export {name}_API_KEY={secret}'],
  ['a make variable', '{name}_TOKEN ?= "{secret}"'],
  ['Go', 'var {name}Token string = "{secret}"'],
  ['Go, short', '{name}Token := `{secret}`'],
  ['Kotlin', 'val {name}Token: String = "{secret}"'],
  ['TypeScript', 'const {name}ApiKey: string = "{secret}";'],
  ['PHP', "'{name}_token' => '{secret}',"],
  ['Python', 'os.environ["{name}_API_KEY"] = "{secret}"'],
  ['a call', 'setProperty("{name}_TOKEN", "{secret}")'],
  ['a fallback', 'process.env.{name}_KEY || "{secret}"'],
  ['a header', 'X-{name}-Api-Key: {secret}'],
  ['a query', 'https://api.example.net/v1?{name}_key={secret}&page=1'],
];

/** Rules whose secret has a place of its own: a command, a header, a URL, an element. */
const PLACED =
  /^(?:azure-sas-token|facebook-access-token|sidekiq-bundle-secret|database-url|generic-password-.*|basic-auth-url|curl-user|nuget-config-password|xml-password-element|netrc-password|command-line-password|snowflake-password|password-hash|username-password-pair|password-in-prose|dotnet-network-credential|connection-string-password|generic-password-words|curl-user-token|header-flag-token|generic-secret-symbols.*|terraform-variable-default|network-device-password|http-client-credentials|otpauth-secret|command-line-secret|powershell-password|url-password-parameter|env-password-word|kubernetes-bootstrap-token|cloudant-password|user-and-password-pair|password-labelled|secure-string-literal|product-key|password-in-escaped-json|password-by-name-and-value|azure-logic-app-signature|etsy-key-and-secret|password-(?:word-and-number|of-the-usual|behind-its-user)|secret-behind-its-variable|app-password-groups|password-of-something|pre-shared-key|database-dsn-password|twilio-account-and-token|mail-password-groups|wordpress-salt|password-drawn|secret-of-an-option|password-of-a-login|password-beside-an-address|secret-as-a-default|password-of-a-usual-login|password-said-afterwards|database-connect-(?:call|dsn))$/;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const compiled = loadRules(rootsOf({ state: join(ROOT, 'nonexistent') }));
if (!compiled.ok) throw new Error(compiled.error[0]?.message);
const rules = compiled.value;

interface Sample {
  readonly rule: CompiledRule;
  readonly name: string;
  readonly secret: string;
}

/** The secret of a rule's own first test, and the name that the rule knows it by. */
function sampleOf(rule: CompiledRule): Sample | null {
  const text = Buffer.from(rule.spec.tests.match[0] ?? '', 'utf8');
  const found = scanRule(rule, text, NOWHERE)[0];
  const secret = found ? text.subarray(found.start, found.end).toString('utf8') : '';
  if (secret === '' || /\s/.test(secret)) return null;
  const named = /^\(\?i\)\(\?:([a-z0-9_-]+(?:[?][a-z0-9_-]*)?)/.exec(rule.spec.regex)?.[1];
  return { rule, secret, name: rule.spec.regex.includes('value[') ? (named ?? 'my').replaceAll('?', '') : 'my' };
}

const SAMPLES = rules.rules
  .filter(({ spec }) => spec.kind === 'secret' && !PLACED.test(spec.id))
  .map(sampleOf)
  .filter((sample) => sample !== null);

describe('secrets in every spelling', () => {
  it('covers the rules that ship', () => {
    expect(SAMPLES.length).toBeGreaterThan(400);
  });

  it.each(SPELLINGS)('%s', (_what, spelling) => {
    const missed = SAMPLES.filter(({ name, secret }) => {
      const text = Buffer.from(spelling.split('{name}').join(name).split('{secret}').join(secret), 'utf8');
      const start = text.indexOf(secret);
      const end = start + Buffer.byteLength(secret);
      return !scan(text, rules).some((found) => found.start === start && found.end === end);
    });
    // A sample without its own context may look like a word or a number to the generic rules.
    expect(missed.length / SAMPLES.length, missed.map(({ rule }) => rule.spec.id).join(' ')).toBeLessThan(0.01);
  });
});
