/** What is wrong with a shell that was set up for the gate: each finding with the one thing that mends it. */

import { MERGED_CA, NO_PROXY, OWN_CA } from './environment.ts';

export interface ShellFinding {
  readonly name: 'shell: proxy' | 'shell: NO_PROXY' | 'shell: CA';
  readonly said: string;
  readonly fix: string;
}

export interface ShellExpectation {
  /** `host:port` of the proxy door. */
  readonly gate: string;
  /** A host that the gate should be asked for. */
  readonly host: string;
  readonly ownCaPem: string;
  /** What the system trusts, PEM. */
  readonly systemPem: string;
  /** Text of a file; null when it cannot be read. */
  readonly read: (path: string) => string | null;
}

export type ShellEnvironment = Readonly<Record<string, string | undefined>>;

const AGAIN = 'set the shell up anew: `eval "$(locktender pass issue --tenant <tenant> --env)"`';

/** The pass in this shell's proxy URL; null when the shell does not use this gate, and so nothing of it is to be checked. */
export function passOfShell(env: ShellEnvironment, gate: string): string | null {
  const url = URL.parse(env['HTTPS_PROXY'] ?? env['https_proxy'] ?? '');
  return url !== null && url.host === gate ? decodeURIComponent(url.password) : null;
}

/** Every finding; none for a shell that is as `pass issue --env` makes it. */
export function checkShell(env: ShellEnvironment, expected: ShellExpectation): ShellFinding[] {
  return [...proxyFindings(env), ...bypassFindings(env, expected.host), ...caFindings(env, expected)];
}

/** Tools differ in which case they read; most read both and some prefer the one that was forgotten. */
function proxyFindings(env: ShellEnvironment): ShellFinding[] {
  const differing = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].filter(
    (name) => env[name] !== env[name.toLowerCase()],
  );
  if (differing.length === 0) return [];
  const said = `${differing.join(', ')} and the same in lower case differ`;
  return [{ name: 'shell: proxy', said, fix: AGAIN }];
}

function bypassFindings(env: ShellEnvironment, host: string): ShellFinding[] {
  const entries = [env['NO_PROXY'], env['no_proxy']].flatMap((value) => (value ?? '').split(','));
  const culprit = entries.map((entry) => entry.trim()).find((entry) => entry !== '' && covers(entry, host));
  if (culprit === undefined) return [];
  const said = `\`${culprit}\` in NO_PROXY makes tools go round the gate`;
  return [{ name: 'shell: NO_PROXY', said, fix: `take it out: \`export NO_PROXY=${NO_PROXY} no_proxy=${NO_PROXY}\`` }];
}

function covers(entry: string, host: string): boolean {
  const suffix = entry.toLowerCase().replace(/^\*?\.?/, '');
  return entry === '*' || (suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`)));
}

function caFindings(env: ShellEnvironment, expected: ShellExpectation): ShellFinding[] {
  const trusted = (pem: string | null) => pem !== null && squeezed(pem).includes(squeezed(expected.ownCaPem));
  const names = [...MERGED_CA, ...OWN_CA];
  const unset = trusted(expected.systemPem) ? [] : names.filter((name) => env[name] === undefined);
  const wrong = names.filter((name) => env[name] !== undefined && !trusted(expected.read(env[name] ?? '')));
  const said = [
    ...(unset.length === 0 ? [] : [`not set: ${unset.join(', ')}`]),
    ...(wrong.length === 0 ? [] : [`names a file without the CA of this gate: ${wrong.join(', ')}`]),
  ];
  return said.length === 0 ? [] : [{ name: 'shell: CA', said: said.join('; '), fix: AGAIN }];
}

const squeezed = (pem: string) => pem.replaceAll(/\s/g, '');
