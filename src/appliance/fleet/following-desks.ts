/** The desks of a member, whose files are its hub's: what would change them here is refused and says where to go. */

import type { PolicyDesk, RulesDesk } from '../../admin/ports.ts';
import { changedAt } from '../../control/control-order.ts';
import { err } from '../../core/result.ts';
import type { Core } from '../open-core.ts';

interface Desks {
  readonly policy: PolicyDesk;
  readonly rules: RulesDesk;
}

export function followingDesks(
  { policy, rules }: Desks,
  hub: string,
  { control, guard }: Pick<Core, 'control' | 'guard'>,
): Desks {
  const refused = (digest: string) => ({
    ...{ loaded: false, digest, previous: digest },
    problems: [{ file: 'rules', line: 0, column: 0, message: changedAt(hub) }],
  });
  return {
    policy: {
      ...policy,
      reload: async () => refused(control.current().bundle.digest),
      reloadRules: async () => refused(guard.current().digest),
    },
    rules: { ...rules, save: async () => err(changedAt(hub)) },
  };
}
