/** The fleet of an appliance, as far as it is needed before the rest; null where none is configured. */

import { loadPolicy, type PolicyRevision, type RevisionRoots } from '../../control/load-revision.ts';
import { loadRules } from '../../control/load-rules.ts';
import { problemText } from '../../core/result.ts';
import type { RuleSet } from '../../dlp/compiled-rules.ts';
import { type FleetCore, type FleetNode, type FleetOptions, fleetParts } from './fleet-node.ts';
import { ExchangeableRoots } from './followed-files.ts';
import { openHubNode } from './hub-node.ts';
import { filesAtStart, openMemberNode } from './member-node.ts';

interface OpenedFleet {
  readonly fleet: FleetNode | null;
  /** Where policy is read from: at a member what its hub sent last. */
  readonly roots: RevisionRoots;
  /** What those files are, where a member has any. */
  readonly followed: { readonly revision: PolicyRevision; readonly rules: RuleSet } | null;
}

/** Throws `StartRefused`. */
export function openFleet(
  options: FleetOptions,
  { state, keys, meter }: Pick<FleetCore, 'state' | 'keys' | 'meter'>,
): OpenedFleet {
  const { config, log, roots: given } = options;
  const parts = fleetParts(config, keys, log);
  if (parts === null) return { fleet: null, roots: given, followed: null };
  if (parts.settings.role === 'hub') {
    return { fleet: openHubNode(parts, options, { state, meter }), roots: given, followed: null };
  }
  const roots = new ExchangeableRoots(given);
  const fleet = openMemberNode(parts, options, { state, meter, roots });
  const sent = filesAtStart(state, parts.settings.name);
  const followed = sent && followedFrom(sent, options);
  if (sent && followed) roots.set(sent);
  return { fleet, roots: roots.roots, followed };
}

/** Files that no longer load (another version of the program wrote them) are waited for anew, denying. */
function followedFrom(roots: RevisionRoots, { log }: FleetOptions): OpenedFleet['followed'] {
  const revision = loadPolicy(roots);
  const rules = revision.ok ? loadRules(roots) : revision;
  if (revision.ok && rules.ok) return { revision: revision.value, rules: rules.value };
  if (!rules.ok) log.error({ problems: rules.error.map(problemText) }, 'the files that the hub sent last do not load');
  return null;
}
