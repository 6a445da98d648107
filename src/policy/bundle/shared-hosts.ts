/**
 * Hosts that belong to many owners, granted whole: whoever grants one has granted everybody on it (T-38). That may be meant,
 * so `policy check` warns and does not refuse.
 */

import { parse } from 'tldts';
import { parseHost } from '../../core/host.ts';
import type { CategorySource } from '../../core/ports.ts';
import type { Problem } from '../../core/result.ts';
import type { Bundle } from './bundle.ts';
import type { HostScope } from './host-scope.ts';

/** Hosts of which a short form names one owner's part. */
const FORMS: readonly (readonly [host: RegExp, form: string])[] = [
  [/^(?:(?:api|codeload)\.)?github\.com$|^raw\.githubusercontent\.com$/, '{ github: owner/repo }'],
  [/^gist\.github(?:usercontent)?\.com$/, '{ gist: owner }'],
  [/^s3[.-](?:dualstack\.)?(?:[a-z0-9-]+\.)?amazonaws\.com$/, '{ s3: bucket, region: … }'],
  [/^storage\.googleapis\.com$/, '{ gcs: bucket }'],
  [/^[a-z0-9]+\.blob\.core\.windows\.net$/, '{ azure: account/container }'],
];

/** Categories of hosts on which anybody can have a place. */
const SHARED: ReadonlySet<string> = new Set([
  'app-hosting',
  'automation-platforms',
  'code-hosting',
  'code-snippets',
  'collaborative-documents',
  'image-hosts',
  'net-disks',
  'object-storage',
]);

interface Place {
  readonly file: string;
  readonly line: number;
}

/** Grants and approvals of such hosts without paths, unless they say `despite` of what makes the host one. */
export function sharedHosts(bundle: Bundle, categories: CategorySource): Problem[] {
  const grants = [...bundle.capabilities.values()].flatMap((capability) => capability.grants);
  return [
    ...grants.flatMap((grant) =>
      grant.hosts.kind === 'listed' && grant.paths.length === 0
        ? grant.hosts.scopes.flatMap((scope) => warnings(scope, grant, grant.categories.despite, categories))
        : [],
    ),
    ...bundle.approvedFiles.flatMap(({ domains }) =>
      domains.flatMap((domain) => warnings(domain, domain, domain.despite, categories)),
    ),
  ];
}

function warnings(
  { pattern, paths }: HostScope,
  { file, line }: Place,
  ...[despite, categories]: [readonly string[], CategorySource]
): Problem[] {
  if (paths.length > 0) return [];
  const what = sharing(pattern.name, despite, categories);
  if (what === null) return [];
  const text = pattern.kind === 'below' ? `*.${pattern.name}` : pattern.name;
  return [{ file, line, column: 1, message: `host \`${text}\` is granted whole, and many owners share it; ${what}` }];
}

/** What to write instead; null for a host of one owner. */
function sharing(name: string, despite: readonly string[], categories: CategorySource): string | null {
  const form = FORMS.find(([host]) => host.test(name))?.[1];
  if (form !== undefined) return `name the part that is meant, \`${form}\` or \`{ host: ${name}, paths: […] }\``;
  const { publicSuffix, isPrivate } = parse(name, { allowPrivateDomains: true });
  if (publicSuffix === name && isPrivate) return `name what stands below it, for example \`owner.${name}\``;
  // What stands below a host that is shared belongs to one of its owners.
  const above = name.slice(name.indexOf('.') + 1);
  const shared = new Set(above === publicSuffix && !isPrivate ? [] : sharedCategories(above, categories));
  const own = sharedCategories(name, categories).find((id) => !despite.includes(id) && !shared.has(id));
  return own === undefined
    ? null
    : `it is in \`${own}\`: name the part that is meant, \`{ host: ${name}, paths: […] }\``;
}

function sharedCategories(name: string, categories: CategorySource): string[] {
  const host = parseHost(name);
  return host.ok && host.value.kind === 'name' ? categories.lookup(host.value).filter((id) => SHARED.has(id)) : [];
}
