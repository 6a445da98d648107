/** Contract files that cannot be kept: names of what does not exist, and contracts that contradict themselves or others. */

import { parseIp } from '../../core/ip-address.ts';
import { didYouMean } from '../../core/nearest.ts';
import { reasonRow } from '../../core/reasons.ts';
import type { Problem } from '../../core/result.ts';
import { type Contract, type Expectation, parseContracts } from '../trials/contract-file.ts';
import { targetOf } from '../trials/what-if.ts';
import type { Bundle } from './bundle.ts';
import { bundleFileKind } from './bundle.ts';

export function contractProblems(bundle: Bundle): Problem[] {
  const problems: Problem[] = [];
  /** Contracts by what they are about. */
  const before = new Map<string, Contract>();
  for (const { path, text } of bundle.files) {
    if (bundleFileKind(path) !== 'contract') continue;
    const contracts = parseContracts(path, text);
    if (!contracts.ok) {
      problems.push(...contracts.error);
      continue;
    }
    problems.push(...fileProblems(contracts.value, before, bundle));
  }
  return problems;
}

function fileProblems(contracts: readonly Contract[], before: Map<string, Contract>, bundle: Bundle): Problem[] {
  const names = new Set<string>();
  return contracts.flatMap((contract) => {
    const { name, file, line } = contract;
    const clauses = [...contractClauses(contract, bundle)];
    if (names.has(name)) clauses.push(`there is a contract \`${name}\` in this file already; rename one`);
    names.add(name);
    const about = aboutOf(contract);
    const other = before.get(about);
    if (other !== undefined && contradicts(other.expect, contract.expect))
      clauses.push(
        `contract \`${name}\` contradicts \`${other.name}\` at ${other.file}:${other.line}: the same request of the same task, another expectation; correct one`,
      );
    before.set(about, other ?? contract);
    return clauses.map((message) => ({ file, line, column: 1, message }));
  });
}

/** All that a contract's decision depends on; spellings of one request are one. */
function aboutOf({ task, request, use, controls, cnames, ...rest }: Contract): string {
  const { content_type: type, read_only_tool: tool, upgrade, addresses } = rest;
  const sets = Object.fromEntries(Object.entries(controls).map(([key, names]) => [key, [...new Set(names)].sort()]));
  const asked = request === undefined ? use : askedOf(request);
  return JSON.stringify([
    task,
    asked,
    type,
    tool,
    upgrade,
    addresses && [...addresses].sort(),
    [...cnames].sort(),
    sets,
  ]);
}

function askedOf(request: string): unknown {
  const [method = '', url = ''] = request.split(' ');
  const asked = method === 'CONNECT' ? null : targetOf(url);
  return asked?.ok ? [method, asked.value.target, asked.value.path, asked.value.query] : [method, url.toLowerCase()];
}

function contradicts(one: Expectation, other: Expectation): boolean {
  const capabilities = one.capability !== null && other.capability !== null && one.capability !== other.capability;
  return one.effect !== other.effect || one.reason !== other.reason || capabilities;
}

function* contractClauses({ task, expect, controls, request, addresses }: Contract, bundle: Bundle): Generator<string> {
  const unknown = (what: string, name: string | null, known: ReadonlyMap<string, unknown>) =>
    name === null || known.has(name) ? [] : [`${what} \`${name}\` is not defined; ${didYouMean(name, known.keys())}`];
  yield* unknown('class', task.class, bundle.classes.byName);
  yield* unknown('profile', task.profile, bundle.profiles);
  yield* unknown('capability', expect.capability, bundle.capabilities);
  for (const name of controls.revoked) yield* unknown('capability', name, bundle.capabilities);
  if (request !== undefined && !URL.canParse(request.slice(request.indexOf(' ') + 1)))
    yield `request \`${request}\` holds no URL; write for example \`GET https://example.com/\``;
  for (const address of addresses ?? []) if (!parseIp(address)) yield `\`${address}\` is no address; correct it`;
  for (const id of [...controls.blocked, ...controls.unblocked]) {
    if (!bundle.categories.has(id)) yield `no category \`${id}\`; ${didYouMean(id, bundle.categories)}`;
  }
  const allows = reasonRow(expect.reason).status === 200;
  if (allows !== (expect.effect === 'allow'))
    yield `\`${expect.reason}\` is no reason to ${expect.effect}; correct one`;
}
