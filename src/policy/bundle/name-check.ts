/** Names that one policy file takes from another: each must exist, and a wildcard is never a name. */

import { didYouMean } from '../../core/nearest.ts';
import type { Problem } from '../../core/result.ts';
import type { AdmissionPolicy } from '../admission/admission-policy.ts';
import { entitiesIn } from '../admission/cedar-terms.ts';
import type { ApprovedFile } from './approved-domains.ts';
import type { Capability, Grant } from './capability.ts';
import type { Profile } from './profile.ts';

export interface NamedParts {
  readonly capabilities: ReadonlyMap<string, Capability>;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly approvedFiles: readonly ApprovedFile[];
  readonly categories: ReadonlySet<string>;
  readonly admission: AdmissionPolicy | null;
}

export function nameProblems(parts: NamedParts): Problem[] {
  const grants = [...parts.capabilities.values()].flatMap((c) => c.grants);
  return [
    ...[...parts.profiles.values()].flatMap((p) => profileProblems(p, parts.capabilities)),
    ...grants.flatMap((g) => categoryProblems(g, namesIn(g), parts.categories)),
    ...parts.approvedFiles.flatMap((f) => f.domains.flatMap((d) => categoryProblems(d, d.despite, parts.categories))),
    ...policyProblems(parts),
  ];
}

function profileProblems(profile: Profile, known: ReadonlyMap<string, Capability>): Problem[] {
  const out: Problem[] = [];
  const say = (name: string, message: string) =>
    out.push({ file: profile.file, line: profile.capabilityLines[name] ?? profile.line, column: 1, message });
  for (const [i, name] of profile.capabilities.entries()) {
    if (name.includes('*')) say(name, `\`${name}\` is a wildcard; a profile names each capability`);
    else if (!known.has(name)) say(name, `capability \`${name}\` is not defined; ${didYouMean(name, known.keys())}`);
    if (profile.capabilities[i + 1] === name) say(name, `capability \`${name}\` is listed twice; remove one`);
  }
  return out;
}

function namesIn(grant: Grant): readonly string[] {
  const { allow, exclude, despite } = grant.categories;
  return [...allow, ...exclude, ...despite, ...grant.readEquivalents.flatMap((e) => e.categories)];
}

function categoryProblems(
  place: { readonly file: string; readonly line: number },
  names: readonly string[],
  known: ReadonlySet<string>,
): Problem[] {
  return names
    .filter((name) => !known.has(name))
    .map((name) => ({
      file: place.file,
      line: place.line,
      column: 1,
      message: `category \`${name}\` is not in the taxonomy; ${didYouMean(name, known)}`,
    }));
}

function policyProblems({ admission, capabilities, profiles }: NamedParts): Problem[] {
  const known: Readonly<Record<string, ReadonlyMap<string, unknown>>> = { Capability: capabilities, Profile: profiles };
  return [...(admission?.parsed ?? [])].flatMap(([id, policy]) => {
    const place = admission?.places.get(id) ?? { file: 'policy', line: 0 };
    return entitiesIn(policy).flatMap(({ type, id: name }) => {
      const names = known[type];
      if (!names || names.has(name)) return [];
      const what = `${type.toLowerCase()} \`${name}\``;
      return [
        { ...place, column: 1, message: `policy \`${id}\`: ${what} is not defined; ${didYouMean(name, names.keys())}` },
      ];
    });
  });
}
